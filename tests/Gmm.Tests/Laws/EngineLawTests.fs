/// The laws of engines: the Reference obeys each of them, and for each there is an engine that breaks it.
module Gmm.Tests.EngineLawTests

open System
open System.Runtime.CompilerServices
open Expecto
open Gmm
open Gmm.Laws

// ── Engines that are wrong on purpose ───────────────────────────────────────────────────────────────────────────────

/// Computes an operation: its name, its operands on the Reference, and the right result.
type private Change = string -> Tensor list -> (unit -> Tensor) -> Tensor

/// A tensor of the Reference with other operations.
type private Altered(right: Tensor, change: Change, isStrict: bool) =
    inherit Tensor()

    let altered (tensor: Tensor) : Tensor = Altered(tensor, change, isStrict)

    let rightOf (other: Tensor) =
        match other with
        | :? Altered as other -> other.Right
        | other when isStrict -> invalidArg (nameof other) "Move both tensors to one engine."
        | other -> other

    let unary name compute = change name [ right ] compute |> altered

    let binary name (other: Tensor) (compute: Tensor -> Tensor) =
        let other = rightOf other
        change name [ right; other ] (fun () -> compute other) |> altered

    member _.Right = right

    override _.shape = right.shape
    override _.toArray() = right.toArray ()
    override _.like(shape, values) = right.like (shape, values) |> altered
    override _.add other = binary "add" other right.add
    override _.sub other = binary "sub" other right.sub
    override _.mul other = binary "mul" other right.mul
    override _.div other = binary "div" other right.div
    override _.addScalar number = unary "addScalar" (fun () -> right.addScalar number)
    override _.mulScalar number = unary "mulScalar" (fun () -> right.mulScalar number)
    override _.exp() = unary "exp" right.exp
    override _.log() = unary "log" right.log
    override _.clamp low = unary "clamp" (fun () -> right.clamp low)
    override _.eq other = binary "eq" other right.eq
    override _.lt other = binary "lt" other right.lt
    override _.sum dim = unary $"sum {dim}" (fun () -> right.sum dim)
    override _.max dim = unary $"max {dim}" (fun () -> right.max dim)
    override _.argmax dim = unary $"argmax {dim}" (fun () -> right.argmax dim)
    override _.matmul other = binary "matmul" other right.matmul
    override _.transpose(dim0, dim1) = unary "transpose" (fun () -> right.transpose (dim0, dim1))
    override _.view shape = unary "view" (fun () -> right.view shape)
    override _.expand shape = unary "expand" (fun () -> right.expand shape)

/// The numbers that the engine's first tensors hold.
let private memory = ConditionalWeakTable<Tensor, float[]>()

/// An engine with other numbers in its tensors and other operations. One that is not strict takes tensors of the Reference.
let private engineOf isStrict (change: Change) (number: float -> float) =
    { Name = "altered"
      Capacity = 8192
      Create =
        fun shape values ->
            let numbers = values.ToArray() |> Array.map number
            let tensor = Reference.engine.Create shape (ReadOnlyMemory numbers)
            memory.Add(tensor, numbers)
            Altered(tensor, change, isStrict) }

/// An engine whose operation of a name is another one.
let private altered operation (wrong: Tensor list -> (unit -> Tensor) -> Tensor) =
    let change name operands compute = if name = operation then wrong operands compute else compute ()
    engineOf true change id

let private unchanged: Change = fun _ _ compute -> compute ()

/// The index of the last of the largest numbers in each row of a matrix.
let private lastLargest (matrix: Tensor) =
    let rows = matrix.toArray2D ()
    let last (row: float[]) = row |> Array.findIndexBack ((=) (Array.max row)) |> float
    Tensor.vector [| for i in 0 .. Array2D.length1 rows - 1 -> last rows[i, *] |]

let private eSteps =
    Laws.engine |> List.map _.Name |> List.filter _.StartsWith("E-steps are those of the Reference: ")

let private operations = "operations are those of the Reference"

let private special = "zeros, infinities and ties are as in the Reference"

/// What is wrong, an engine of which it is, the laws that it must break, and others that then may break too.
let private wrong: (string * Engine * string list * string list) list =
    [ "an exponential that is off by a millionth",
      altered "exp" (fun _ compute -> compute().mulScalar(1.0 + 1e-6)),
      [ operations; special ],
      eSteps

      "a sum that adds in place",
      altered "add" (fun operands compute ->
          let sum = compute ()

          match memory.TryGetValue operands.Head with
          | true, numbers -> sum.toArray().CopyTo(numbers, 0)
          | _ -> ()

          sum),
      [ "operations leave their operands as they are" ],
      operations :: eSteps

      "a maximum of no number",
      altered "max 1" (fun operands compute ->
          if operands.Head.shape[0] = 0 then Tensor.vector [| -infinity |] else compute ()),
      [ "tensors without numbers have their shapes" ],
      eSteps

      "the last of equal numbers",
      altered "argmax 1" (fun operands _ -> lastLargest operands.Head),
      [ special ],
      operations :: eSteps

      "large numbers that become infinite",
      engineOf true unchanged (fun x -> if abs x > 1e300 then x * 1e10 else x),
      [ "large finite numbers stay finite" ],
      []

      "an addition that does not look at shapes",
      altered "add" (fun operands compute ->
          match operands with
          | [ a; b ] when a.shape <> b.shape -> a
          | _ -> compute ()),
      [ "shapes that do not fit are the Reference's errors" ],
      []

      "operations on tensors of another engine",
      engineOf false unchanged id,
      [ "tensors of another engine are errors" ],
      []

      "a sum that loses digits of many rows",
      altered "sum 0" (fun operands compute ->
          if operands.Head.shape[0] > 255 then
              compute().mulScalar(1.0 + 1e-9)
          else
              compute ()),
      eSteps,
      []

      "a maximum that is not below -9000",
      altered "max 1" (fun _ compute -> compute().clamp -9000.0),
      [ "rows of tiny density have finite log-densities and whole responsibilities" ],
      [ special ] ]

let wrongEngines = [ for what, _, _, _ in wrong -> what ]

let private broken dtype engine =
    Laws.engine |> List.map (EngineLaw.run dtype engine) |> List.filter (fun report -> not report.IsGood)

[<Tests>]
let ``engines that are wrong on purpose`` =
    testList
        "EngineLaw: engines that are wrong on purpose"
        [ testTheory "a wrong engine breaks its laws, and no other" wrongEngines (fun (what: string) ->
              let _, engine, must, may = wrong |> List.find (fun (name, _, _, _) -> name = what)
              let names = broken Dtype.Float64 engine |> List.map _.Law
              Assert.Empty(List.except names must)
              Assert.Empty(List.except (must @ may) names))
          testCase "for every law there is an engine that breaks it" (fun () ->
              let broken = wrong |> List.collect (fun (_, _, must, _) -> must) |> List.distinct |> List.sort
              Assert.Equal<string list>(List.sort [ for law in Laws.engine -> law.Name ], broken)) ]

// ── Engines that are right ──────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``engines that are right`` =
    testList
        "EngineLaw: engines that are right"
        [ testCase "the Reference obeys the laws of engines" (fun () -> Laws.checkEngine Dtype.Float64 Reference.engine)
          testCase "an engine that rounds to float32 obeys the laws of float32, not those of float64" (fun () ->
              let rounded (x: float) =
                  if Double.IsFinite x then
                      float (single (Math.Clamp(x, float -Single.MaxValue, float Single.MaxValue)))
                  else
                      x

              let round (tensor: Tensor) = tensor.like (tensor.shape, tensor.toArray () |> Array.map rounded)
              let engine = engineOf true (fun _ _ compute -> round (compute ())) rounded
              Laws.checkEngine Dtype.Float32 engine
              Assert.Contains(operations, broken Dtype.Float64 engine |> List.map _.Law))
          testCase "check says which law an engine breaks, and how" (fun () ->
              let engine = altered "exp" (fun _ compute -> compute().mulScalar(1.0 + 1e-6))
              let broken = Assert.Throws<LawException>(fun () -> Laws.checkEngine Dtype.Float64 engine)

              Assert.StartsWith(
                  $"altered breaks the law: {operations}\nexp at shape [|1|]: number 0 is ",
                  broken.Message
              )

              Assert.Contains(", the Reference's is ", broken.Message)) ]
