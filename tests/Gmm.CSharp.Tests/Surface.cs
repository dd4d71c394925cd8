using System.Reflection;
using System.Runtime.CompilerServices;

namespace Gmm.CSharp.Tests;

/// <summary>What other assemblies see of one.</summary>
internal static class Surface
{
    public const BindingFlags Declared =
        BindingFlags.DeclaredOnly | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;

    private static readonly NullabilityInfoContext Nullability = new();

    /// <summary>Lists all visible types with their members.</summary>
    public static string Describe(Assembly assembly) =>
        string.Concat(assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal).Select(Describe));

    // ── The types that a type shows ─────────────────────────────────────────────────────────────────────────────────

    public static IEnumerable<(string Where, Type Type)> TypesOf(Type type)
    {
        IEnumerable<Type> own = [type, .. type.GetInterfaces(), .. BaseTypes(type), .. AttributesOf(type)];
        var members = type.GetMembers(Declared).Where(IsVisible).SelectMany(member =>
            TypesOf(member).Concat(AttributesOf(member)).Select(shown => ($"{type.Name}.{member.Name}", shown)));
        return own.Select(shown => (type.Name, shown)).Concat(members);
    }

    private static IEnumerable<Type> TypesOf(MemberInfo member) =>
        member switch
        {
            FieldInfo field => [field.FieldType],
            PropertyInfo property => [property.PropertyType, .. property.GetIndexParameters().Select(parameter => parameter.ParameterType)],
            EventInfo @event => [@event.EventHandlerType!],
            MethodInfo method => [method.ReturnType, .. method.GetGenericArguments(), .. ParametersOf(method)],
            ConstructorInfo constructor => ParametersOf(constructor),
            _ => [],
        };

    public static IEnumerable<Type> ParametersOf(MethodBase method) =>
        method.GetParameters().SelectMany(parameter =>
            parameter.GetCustomAttributesData().Select(attribute => attribute.AttributeType).Prepend(parameter.ParameterType));

    private static IEnumerable<Type> AttributesOf(MemberInfo member) =>
        member.GetCustomAttributesData().Select(attribute => attribute.AttributeType);

    private static IEnumerable<Type> BaseTypes(Type type) =>
        type.BaseType is { } parent ? BaseTypes(parent).Prepend(parent) : [];

    /// <summary>A type and those it is made of.</summary>
    public static IEnumerable<Type> Parts(Type type) =>
        type.HasElementType ? Parts(type.GetElementType()!)
        : type.IsGenericParameter ? type.GetGenericParameterConstraints().SelectMany(Parts)
        : type.IsGenericType ? type.GetGenericArguments().SelectMany(Parts).Prepend(type.GetGenericTypeDefinition())
        : [type];

    public static bool IsVisible(MemberInfo member) =>
        member switch
        {
            MethodBase method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly,
            FieldInfo field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly,
            PropertyInfo property => property.GetAccessors(true).Any(IsVisible),
            EventInfo @event => IsVisible(@event.AddMethod!),
            Type type => type.IsNestedPublic || type.IsNestedFamily,
            _ => true,
        };

    // ── The listing ─────────────────────────────────────────────────────────────────────────────────────────────────

    private static string Describe(Type type)
    {
        var kind = type.IsEnum ? "enum" : type.IsValueType ? "struct" : "class";
        var interfaces = type.GetInterfaces().Where(each => each.IsVisible);
        var above = new[] { type.BaseType }.Concat(interfaces.OrderBy(Name, StringComparer.Ordinal))
            .OfType<Type>()
            .Where(parent => parent != typeof(object) && parent != typeof(ValueType) && !type.IsEnum)
            .Select(Name);
        var members = type.GetMembers(Declared)
            .Where(member => IsVisible(member) && member is not MethodInfo { IsSpecialName: true, Name: ['g' or 's', 'e', 't', '_', ..] })
            .Where(member => member.Name != "value__")
            .Select(member => (member.Name, IsOperator: member.Name.StartsWith("op_", StringComparison.Ordinal), Text: Describe(member)))
            .OrderBy(member => member.IsOperator)
            .ThenBy(member => type.IsEnum ? "" : member.Name, StringComparer.Ordinal)
            .ThenBy(member => type.IsEnum ? "" : member.Text, StringComparer.Ordinal)
            .Select(member => $"    {member.Text}\n");
        var heading = string.Join(" : ", new[] { $"{kind} {Name(type)}", string.Join(", ", above) }.Where(part => part.Length > 0));
        return $"{heading}\n{string.Concat(members)}\n";
    }

    private static string Describe(MemberInfo member) =>
        member switch
        {
            ConstructorInfo constructor => $"new({Parameters(constructor)})",
            FieldInfo { IsLiteral: true } constant => $"{constant.Name} = {constant.GetRawConstantValue()}",
            FieldInfo field => $"{Name(field.FieldType)} {field.Name}",
            PropertyInfo property =>
                $"{Static(property.GetMethod!)}{Name(property.PropertyType)}{Mark(Nullability.Create(property))} {property.Name}{(property.GetIndexParameters() is [var index] ? $"[{Name(index.ParameterType)} {index.Name}]" : "")}"
                + $" {{ get; {(property.SetMethod is { } setter && IsVisible(setter) ? "set; " : "")}}}",
            MethodInfo method => $"{Static(method)}{Name(method.ReturnType)} {method.Name}{Generics(method)}({Parameters(method)})",
            _ => member.ToString() ?? "",
        };

    /// <summary>The question mark of a reference that may be null.</summary>
    private static string Mark(NullabilityInfo info) =>
        !info.Type.IsValueType && info.WriteState == NullabilityState.Nullable ? "?" : "";

    private static string Generics(MethodInfo method) =>
        method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "";

    private static string Static(MethodBase method) => method.IsStatic ? "static " : "";

    private static string Parameters(MethodBase method) =>
        string.Join(", ", method.GetParameters().Select(parameter =>
            $"{(parameter.IsDefined(typeof(ParamCollectionAttribute)) ? "params " : "")}{(parameter.IsOut ? "out " : "")}{Name(parameter.ParameterType)}{Mark(Nullability.Create(parameter))} {parameter.Name}"
            + (parameter.HasDefaultValue ? $" = {parameter.DefaultValue ?? "default"}" : "")));

    private static string Name(Type type) =>
        type.IsByRef ? Name(type.GetElementType()!)
        : type.IsArray ? $"{Name(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]"
        : Nullable.GetUnderlyingType(type) is { } value ? $"{Name(value)}?"
        : type.IsGenericType ? $"{type.Name[..type.Name.IndexOf('`')]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
        : type.IsPrimitive || type == typeof(string) || type == typeof(void) || type == typeof(object) ? Keyword(type)
        : type.Name;

    private static string Keyword(Type type) =>
        type.Name switch
        {
            "Int32" => "int",
            "Int64" => "long",
            "Boolean" => "bool",
            "Single" => "float",
            var name => name.ToLowerInvariant(),
        };
}
