using System.Reflection;
using System.Runtime.CompilerServices;
using System.Xml.Linq;
using Xunit;

namespace Gmm.CSharp.Tests;

/// <summary>What a C# user sees of the library.</summary>
public class SurfaceTests
{
    private const BindingFlags Declared =
        BindingFlags.DeclaredOnly | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;

    private static readonly Assembly Facade = typeof(GaussianMixture).Assembly;
    private static readonly NullabilityInfoContext Nullability = new();
    private static readonly string? Framework = Path.GetDirectoryName(typeof(object).Assembly.Location);

    /// <summary>The exceptions are the doors for other assemblies: for backends and sources that they write, and to figures that they draw.</summary>
    [Fact]
    public void NoTypeButDotNetsAndOurOwnIsVisible()
    {
        var strangers =
            from place in Facade.GetExportedTypes().SelectMany(TypesOf)
            from type in Parts(place.Type)
            where type.Assembly != Facade && Path.GetDirectoryName(type.Assembly.Location) != Framework
            select $"{place.Where}: {type}";
        string[] doors =
        [
            "Backend.Of: Gmm.Backend", "Figure.get_Value: Gmm.Figure", "Figure.Value: Gmm.Figure", "Rows.OfSource: Gmm.Source",
        ];
        Assert.Equal(doors, strangers.Distinct());
    }

    [Fact]
    public void NoTypeParameterIsToBeSpelt()
    {
        // Methods return generic types, whose arguments the compiler infers from those of the methods.
        Assert.All(Facade.GetExportedTypes().Where(type => type.IsGenericTypeDefinition), type => Assert.Empty(type.GetConstructors()));
        Assert.All(
            Facade.GetExportedTypes().SelectMany(type => type.GetMethods(Declared)).Where(method => IsVisible(method) && method.IsGenericMethod),
            method => Assert.Subset(ParametersOf(method).SelectMany(ArgumentsOf).ToHashSet(), method.GetGenericArguments().ToHashSet()));
    }

    /// <summary>A type parameter, or those that a type is made of.</summary>
    private static IEnumerable<Type> ArgumentsOf(Type type) =>
        type.IsGenericParameter ? [type] : type.GetGenericArguments().SelectMany(ArgumentsOf);

    [Fact]
    public void AllIsInOneNamespace() =>
        Assert.All(Facade.GetExportedTypes(), type => Assert.Equal("Gmm.CSharp", type.Namespace));

    /// <summary>GMM_ACCEPT_SURFACE=1 writes the surface that there is to the file that it is compared to.</summary>
    [Fact]
    public void SurfaceIsTheAcceptedOne()
    {
        var path = Path.Combine(Data.Root, "tests", "Gmm.CSharp.Tests", "PublicSurface.txt");
        var surface = string.Concat(Facade.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal).Select(Describe));

        if (Environment.GetEnvironmentVariable("GMM_ACCEPT_SURFACE") == "1")
        {
            File.WriteAllText(path, surface);
        }

        Assert.Equal(File.ReadAllText(path).ReplaceLineEndings("\n"), surface);
    }

    [Fact]
    public void EveryDocumentationTagSaysSomething()
    {
        var documentation = XDocument.Load(Path.ChangeExtension(Facade.Location, ".xml"));
        string[] references = ["see", "paramref", "inheritdoc"];
        Assert.NotEmpty(documentation.Descendants("summary"));
        Assert.DoesNotContain(
            documentation.Descendants(),
            tag => string.IsNullOrWhiteSpace(tag.Value) && !references.Contains(tag.Name.LocalName) && tag.Element("inheritdoc") is null);
    }

    // ── The types that a type shows ─────────────────────────────────────────────────────────────────────────────────

    private static IEnumerable<(string Where, Type Type)> TypesOf(Type type)
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

    private static IEnumerable<Type> ParametersOf(MethodBase method) =>
        method.GetParameters().SelectMany(parameter =>
            parameter.GetCustomAttributesData().Select(attribute => attribute.AttributeType).Prepend(parameter.ParameterType));

    private static IEnumerable<Type> AttributesOf(MemberInfo member) =>
        member.GetCustomAttributesData().Select(attribute => attribute.AttributeType);

    private static IEnumerable<Type> BaseTypes(Type type) =>
        type.BaseType is { } parent ? BaseTypes(parent).Prepend(parent) : [];

    /// <summary>A type and those it is made of.</summary>
    private static IEnumerable<Type> Parts(Type type) =>
        type.HasElementType ? Parts(type.GetElementType()!)
        : type.IsGenericParameter ? type.GetGenericParameterConstraints().SelectMany(Parts)
        : type.IsGenericType ? type.GetGenericArguments().SelectMany(Parts).Prepend(type.GetGenericTypeDefinition())
        : [type];

    private static bool IsVisible(MemberInfo member) =>
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
        var above = new[] { type.BaseType }.Concat(type.GetInterfaces().OrderBy(Name, StringComparer.Ordinal))
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
