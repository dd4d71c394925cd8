/// The public names of a library of F#, one a line, against those that were agreed on.
module Gmm.Tests.Surface

open System
open System.IO
open System.Reflection
open Expecto
open Gmm.Tests.Support
open Microsoft.FSharp.Reflection

// ── How a type is written ───────────────────────────────────────────────────────────────────────────────────────────

let private shortNames =
    dict
        [ typeof<int>, "int"
          typeof<int64>, "int64"
          typeof<float>, "float"
          typeof<bool>, "bool"
          typeof<string>, "string"
          typeof<obj>, "obj"
          typeof<unit>, "unit"
          typeof<Void>, "unit" ]

let rec private written (t: Type) : string =
    match shortNames.TryGetValue t with
    | true, name -> name
    | _ when t.IsGenericParameter -> $"'{t.Name}"
    | _ when t.IsArray ->
        let commas = String(',', t.GetArrayRank() - 1)
        $"{atom (t.GetElementType())}[{commas}]"
    | _ when FSharpType.IsFunction t ->
        let argument, result = FSharpType.GetFunctionElements t
        $"{atom argument} -> {written result}"
    | _ when FSharpType.IsTuple t -> FSharpType.GetTupleElements t |> Array.map atom |> String.concat " * "
    | _ when t.IsGenericType ->
        let name = t.Name.Split('`')[0]
        let arguments = t.GetGenericArguments() |> Array.map written |> String.concat ", "

        match name with
        | "FSharpOption" -> $"{atom (t.GetGenericArguments()[0])} option"
        | "FSharpList" -> $"{atom (t.GetGenericArguments()[0])} list"
        | "IEnumerable" -> $"seq<{arguments}>"
        | "FSharpResult" -> $"Result<{arguments}>"
        | "FSharpRef" -> $"ref<{arguments}>"
        | other -> $"{other}<{arguments}>"
    | _ -> t.Name

/// A type in brackets where `->` or `*` would be misread.
and private atom t =
    if FSharpType.IsFunction t || FSharpType.IsTuple t then
        $"({written t})"
    else
        written t

// ── How a member is written ─────────────────────────────────────────────────────────────────────────────────────────

/// The name in F#: without what the compiler adds to a module that has a type's name.
let private sourceName (info: MemberInfo) =
    let given = info.GetCustomAttributes<CompilationSourceNameAttribute>() |> Seq.tryHead |> Option.map _.SourceName

    match given, info with
    | Some name, _ -> name
    | None, (:? Type as t) when FSharpType.IsModule t && t.Name.EndsWith "Module" -> t.Name[.. t.Name.Length - 7]
    | None, _ -> info.Name

let private isCompilers (info: MemberInfo) =
    info.GetCustomAttributes<Runtime.CompilerServices.CompilerGeneratedAttribute>() |> Seq.isEmpty |> not

/// `name: type`, or the type alone where there is no name that says anything.
let private named (name: string) (t: Type) =
    if String.IsNullOrEmpty name || name.StartsWith "Item" then
        atom t
    else
        $"{name}: {atom t}"

let private parameter (info: ParameterInfo) = named info.Name info.ParameterType

/// A function of a module: its parameters are curried.
let private moduleMember (info: MemberInfo) =
    match info with
    | :? MethodInfo as method when not method.IsSpecialName ->
        let parameters = method.GetParameters() |> Array.map parameter |> String.concat " -> "
        let arrow = if parameters = "" then "unit -> " else $"{parameters} -> "
        Some $"{sourceName info}: {arrow}{written method.ReturnType}"
    | :? PropertyInfo as property -> Some $"{sourceName info}: {written property.PropertyType}"
    | _ -> None

/// A member of a type: its parameters are tupled.
let private typeMember (info: MemberInfo) =
    let prefix isStatic isAbstract = (if isStatic then "static " else "") + (if isAbstract then "abstract " else "")

    match info with
    | :? ConstructorInfo as constructor ->
        let parameters = constructor.GetParameters() |> Array.map parameter |> String.concat ", "
        Some $"new({parameters})"
    | :? PropertyInfo as property ->
        let getter = property.GetMethod
        Some $"{prefix getter.IsStatic getter.IsAbstract}{info.Name}: {written property.PropertyType}"
    | :? MethodInfo as method when not method.IsSpecialName || method.Name.StartsWith "op_" ->
        let parameters = method.GetParameters() |> Array.map parameter |> String.concat ", "
        Some $"{prefix method.IsStatic method.IsAbstract}{sourceName info}({parameters}): {written method.ReturnType}"
    | _ -> None

let private flags =
    BindingFlags.Public ||| BindingFlags.Instance ||| BindingFlags.Static ||| BindingFlags.DeclaredOnly

/// Members that the compiler or .NET put into every record and union.
let private isBoilerplate (info: MemberInfo) =
    isCompilers info
    || List.contains info.Name [ "Equals"; "GetHashCode"; "CompareTo"; "ToString"; "Tag"; "Tags" ]

let private members describe (t: Type) =
    t.GetMembers flags |> Array.filter (isBoilerplate >> not) |> Array.choose describe |> Array.sort

let private typeTitle (t: Type) =
    let name = sourceName t

    if t.IsGenericType then
        let arguments = t.GetGenericArguments() |> Array.map (fun a -> $"'{a.Name}") |> String.concat ", "
        $"{name.Split('`')[0]}<{arguments}>"
    else
        name

let private caseLine (case: UnionCaseInfo) =
    match case.GetFields() with
    | [||] -> $"| {case.Name}"
    | fields ->
        let written = fields |> Array.map (fun f -> named f.Name f.PropertyType) |> String.concat " * "
        $"| {case.Name} of {written}"

let private describe (t: Type) : string list =
    let indented lines = lines |> Array.map (fun line -> "    " + line) |> List.ofArray

    if FSharpType.IsModule t then
        $"module {sourceName t}" :: indented (members moduleMember t)
    elif FSharpType.IsUnion t then
        let cases = FSharpType.GetUnionCases t
        let names = cases |> Array.collect (fun case -> [| case.Name; $"Is{case.Name}"; $"New{case.Name}" |])

        let own =
            t.GetMembers flags
            |> Array.filter (fun m -> not (isBoilerplate m) && not (Array.contains m.Name names))
            |> Array.choose typeMember
            |> Array.sort

        $"union {typeTitle t}" :: indented (Array.append (cases |> Array.map caseLine) own)
    elif FSharpType.IsRecord t then
        let fields = FSharpType.GetRecordFields t
        let fieldNames = fields |> Array.map _.Name
        let lines = fields |> Array.map (fun field -> $"{field.Name}: {written field.PropertyType}")

        let own =
            t.GetMembers flags
            |> Array.filter (fun m ->
                not (isBoilerplate m) && not (Array.contains m.Name fieldNames) && not (m :? ConstructorInfo))
            |> Array.choose typeMember
            |> Array.sort
            |> Array.map (fun line -> "member " + line)

        $"record {typeTitle t}" :: indented (Array.append lines own)
    else
        let kind =
            if t.IsInterface then "interface"
            elif t.IsAbstract then "abstract class"
            else "class"

        $"{kind} {typeTitle t}" :: indented (members typeMember t)

/// The cases of a union and what belongs to it are nested types, which its own entry describes.
let private isOfUnion (t: Type) = not (isNull t.DeclaringType) && FSharpType.IsUnion t.DeclaringType

/// All public types and modules of a library with their members, a line each.
let listing (library: Assembly) : string[] =
    library.GetExportedTypes()
    |> Array.filter (isOfUnion >> not)
    |> Array.sortBy (fun t -> typeTitle t, (if FSharpType.IsModule t then 1 else 0))
    |> Array.collect (fun t -> Array.ofList (describe t @ [ "" ]))

/// Fails unless the public names of a library are those of a file, whose path begins at the folder of tests.
let agrees (file: string) (library: Assembly) =
    let baseline = Path.Combine(repositoryRoot.Value, "tests", file)
    let actual = listing library

    if Environment.GetEnvironmentVariable "GMM_ACCEPT_SURFACE" = "1" then
        File.WriteAllText(baseline, String.Join('\n', actual))
    else
        let expected = if File.Exists baseline then File.ReadAllText(baseline).Split '\n' else [||]

        if expected <> actual then
            let gone = expected |> Array.except actual |> Array.map (fun line -> "- " + line)
            let added = actual |> Array.except expected |> Array.map (fun line -> "+ " + line)
            let lines = String.Join('\n', Array.append gone added)

            Assert.Fail
                $"The public surface is not that of {baseline}:\n{lines}\nIf it should be, run this test with GMM_ACCEPT_SURFACE=1, which writes the file, and commit it."
