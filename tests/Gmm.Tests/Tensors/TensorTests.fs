/// The operations of the Reference engine against formulas over indices.
module Gmm.Tests.TensorTests

open System
open Expecto
open FsCheck
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

// ── Naive tensors: a shape and a function from indices ──────────────────────────────────────────────────────────────

/// All index vectors of a shape, the last dimension fastest.
let rec private indices (shape: int list) : int list list =
    match shape with
    | [] -> [ [] ]
    | length :: rest ->
        [ for i in 0 .. length - 1 do
              for inner in indices rest -> i :: inner ]

let private at (tensor: Tensor) =
    let shape, values = List.ofArray tensor.shape, tensor.toArray ()
    let place = indices shape |> List.mapi (fun i index -> index, i) |> dict
    fun (index: int list) -> values[place[index]]

/// The tensor that has f(index) at every index.
let private tabulate (shape: int list) (f: int list -> float) =
    Tensor.create (Array.ofList shape) (indices shape |> List.map f |> Array.ofList)

let private same (expected: Tensor) (actual: Tensor) =
    expected.shape = actual.shape && bits (expected.toArray ()) = bits (actual.toArray ())

let private exchange i j (list: int list) =
    list
    |> List.mapi (fun n item ->
        if n = i then list[j]
        elif n = j then list[i]
        else item)

// ── Generated shapes and tensors ────────────────────────────────────────────────────────────────────────────────────

let private drawShape shortest size (random: Random) =
    let lengths = if size < 20 then [| 1; 1; 2 |] else [| 0; 1; 1; 2; 3; 4 |]
    List.init (random.Next(shortest, 5)) (fun _ -> lengths[random.Next lengths.Length])

let private drawTensor shape (random: Random) =
    let special = [| 0.0; 1.0; -1.0; 0.5; 1e300; -1e-300 |]

    let number () =
        if random.Next 4 = 0 then
            special[random.Next special.Length]
        else
            Math.Round(4.0 * normal random, 2)

    tabulate shape (fun _ -> number ())

/// Shapes are what fails, so numbers are made round and shapes are kept.
let private shrinkTensor (tensor: Tensor) =
    let values = tensor.toArray ()

    [ Array.create values.Length 1.0; values |> Array.map Math.Round ]
    |> Seq.filter (fun round -> round <> values)
    |> Seq.map (Tensor.create tensor.shape)

let private tensorsFrom shortest =
    Arb.fromGenShrink (drawing (fun size random -> drawTensor (drawShape shortest size random) random), shrinkTensor)

/// Tensors of 0 to 4 dimensions of lengths 0 to 4.
let private tensors = tensorsFrom 0

/// Pairs of one shape.
let private pairs =
    Arb.fromGenShrink (
        drawing (fun size random ->
            let shape = drawShape 0 size random
            drawTensor shape random, drawTensor shape random),
        fun (a, b) -> Seq.append (shrinkTensor a |> Seq.map (fun a -> a, b)) (shrinkTensor b |> Seq.map (fun b -> a, b))
    )

/// A tensor and one of its dimensions.
let private withDimension =
    Arb.fromGen (
        drawing (fun size random ->
            let shape = drawShape 1 size random
            drawTensor shape random, random.Next shape.Length)
    )

// ── Element by element ──────────────────────────────────────────────────────────────────────────────────────────────

let private elementwise: (string * ((Tensor -> Tensor -> Tensor) * (float -> float -> float))) list =
    [ "add", ((fun a b -> a.add b), (+))
      "sub", ((fun a b -> a.sub b), (-))
      "mul", ((fun a b -> a.mul b), (*))
      "div", ((fun a b -> a.div b), (/))
      "eq", ((fun a b -> a.eq b), (fun x y -> if x = y then 1.0 else 0.0))
      "lt", ((fun a b -> a.lt b), (fun x y -> if x < y then 1.0 else 0.0)) ]

let elementwiseNames = List.map fst elementwise

let private named name table = table |> List.find (fst >> (=) name) |> snd

let private maps: (string * ((Tensor -> Tensor) * (float -> float))) list =
    [ "addScalar", ((fun a -> a.addScalar 1.5), (fun x -> x + 1.5))
      "mulScalar", ((fun a -> a.mulScalar -2.5), (fun x -> x * -2.5))
      "exp", ((fun a -> a.exp ()), Elementary.exp)
      "log", ((fun a -> a.log ()), Elementary.log)
      "clamp", ((fun a -> a.clamp 0.25), (fun x -> if x < 0.25 then 0.25 else x))
      "plus a number", ((fun a -> a + 3.0), (fun x -> x + 3.0))
      "minus a number", ((fun a -> a - 3.0), (fun x -> x - 3.0))
      "a number minus", ((fun a -> 3.0 - a), (fun x -> 3.0 - x))
      "times a number", ((fun a -> a * 3.0), (fun x -> x * 3.0))
      "a number times", ((fun a -> 3.0 * a), (fun x -> 3.0 * x)) ]

let mapNames = List.map fst maps

[<Tests>]
let ``element by element`` =
    testList
        "Tensor: element by element"
        [ testTheory
              "an operation on two tensors of one shape is that of their elements"
              elementwiseNames
              (fun (name: string) ->
                  let operation, scalar = named name elementwise

                  forAll 150 pairs (fun (a, b) ->
                      let expected = Array.map2 scalar (a.toArray ()) (b.toArray ())
                      same (Tensor.create a.shape expected) (operation a b)))
          testTheory "an operation on two shapes is an error that shows both" elementwiseNames (fun (name: string) ->
              let operation, _ = named name elementwise
              let a, b = Tensor.create [| 2; 3 |] (Array.zeroCreate 6), Tensor.create [| 3; 2 |] (Array.zeroCreate 6)
              let failure = Assert.Throws<ArgumentException>(fun () -> operation a b |> ignore)
              Assert.Contains("2×3", failure.Message)
              Assert.Contains("3×2", failure.Message))
          testTheory "an operation on one tensor is that of its elements" mapNames (fun (name: string) ->
              let operation, scalar = named name maps
              // NaN, of the logarithm of negative numbers, has many bits.
              let equal (x: float) y = x = y || Double.IsNaN x && Double.IsNaN y

              forAll 100 tensors (fun a ->
                  let result = operation a
                  result.shape = a.shape && Array.forall2 equal (a.toArray () |> Array.map scalar) (result.toArray ())))
          testCase "the logarithm of zero is minus infinity" (fun () ->
              Assert.Equal<float[]>([| -infinity; 0.0 |], (Tensor.vector [| 0.0; 1.0 |]).log().toArray())) ]

// ── Along a dimension ───────────────────────────────────────────────────────────────────────────────────────────────

let private along (a: Tensor) dim (fold: float list -> float) =
    let shape, read = List.ofArray a.shape, at a
    let line index = [ for i in 0 .. shape[dim] - 1 -> read (List.insertAt dim i index) ]
    tabulate (List.removeAt dim shape) (line >> fold)

[<Tests>]
let ``along a dimension`` =
    testList
        "Tensor: along a dimension"
        [ testForAll 300 "a sum along a dimension adds from first to last" withDimension (fun (a, dim) ->
              same (along a dim (List.fold (+) 0.0)) (a.sum dim))
          testCase "the largest along a dimension, and the lowest index that has it" (fun () ->
              let some = withDimension |> Arb.filter (fun (a, dim) -> a.shape[dim] > 0)

              forAll 300 some (fun (a, dim) ->
                  same (along a dim List.max) (a.max dim)
                  && same (along a dim (fun line -> float (List.findIndex ((=) (List.max line)) line))) (a.argmax dim)))
          testCase "argmax takes the lowest index of equals" (fun () ->
              let a =
                  Tensor.matrix (array2D [ [ 1.0; 3.0; 3.0 ]; [ 2.0; 2.0; 2.0 ]; [ -infinity; -infinity; -infinity ] ])

              Assert.Equal<float[]>([| 1.0; 0.0; 0.0 |], (a.argmax 1).toArray())) ]

// ── Matrix products ─────────────────────────────────────────────────────────────────────────────────────────────────

let private product (a: Tensor) (b: Tensor) =
    let readA, readB = at a, at b
    let batch = List.ofArray a.shape[.. a.shape.Length - 3]
    let n, m, p = a.shape[a.shape.Length - 2], a.shape[a.shape.Length - 1], b.shape[b.shape.Length - 1]

    tabulate (batch @ [ n; p ]) (fun index ->
        let outer, i, j = List.take batch.Length index, index[batch.Length], index[batch.Length + 1]
        Seq.sum (seq { for l in 0 .. m - 1 -> readA (outer @ [ i; l ]) * readB (outer @ [ l; j ]) }))

let private factors batched =
    drawing (fun size random ->
        let length () = random.Next(if size < 20 then 1 else 0) + random.Next 6
        let batch = if batched then [ length () ] else []
        let n, m, p = length (), length (), length ()
        // Whole numbers: products and sums are exact in any order.
        let draw shape = tabulate shape (fun _ -> float (random.Next(-50, 50)))
        draw (batch @ [ n; m ]), draw (batch @ [ m; p ]))

[<Tests>]
let ``matrix products`` =
    testList
        "Tensor: matrix products"
        [ testTheory
              "a matrix product sums rows times columns, for every pair of a batch"
              [ false; true ]
              (fun (batched: bool) ->
                  forAll 200 (Arb.fromGen (factors batched)) (fun (a, b) ->
                      let expected, actual = product a b, a.matmul b
                      expected.shape = actual.shape && expected.toArray () = actual.toArray ()))
          testCase "matrices that don't fit are an error that shows both shapes" (fun () ->
              let zeros shape = Tensor.create shape (Array.zeroCreate (Array.fold (*) 1 shape))

              for a, b in
                  [ [| 2; 3 |], [| 2; 3 |]; [| 2; 2; 3 |], [| 3; 3; 2 |]; [| 2; 3 |], [| 1; 3; 2 |]; [| 3 |], [| 3 |] ] do
                  let failure = Assert.Throws<ArgumentException>(fun () -> (zeros a).matmul(zeros b) |> ignore)
                  Assert.Contains(String.Join("×", a), failure.Message)
                  Assert.Contains(String.Join("×", b), failure.Message)) ]

// ── Shapes ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// What a tensor has at an index of a shape it was expanded to.
let private broadcast (a: Tensor) =
    let read = at a

    fun (index: int list) ->
        let own = List.skip (index.Length - a.shape.Length) index
        read (List.map2 (fun i length -> if length = 1 then 0 else i) own (List.ofArray a.shape))

/// A shape, and a tensor that can be expanded to it: some outer dimensions missing, some others of length 1.
let private expandable =
    drawing (fun size random ->
        let target = drawShape 0 size random

        let own =
            target
            |> List.skip (random.Next(target.Length + 1))
            |> List.map (fun length -> if random.Next 2 = 0 then 1 else length)

        drawTensor own random, target)

let private operators: (string * ((Tensor -> Tensor -> Tensor) * (float -> float -> float))) list =
    [ "+", ((fun a b -> a + b), (+))
      "-", ((fun a b -> a - b), (-))
      "*", ((fun a b -> a * b), (*))
      "/", ((fun a b -> a / b), (/)) ]

let operatorNames = List.map fst operators

[<Tests>]
let shapesTests =
    testList
        "Tensor: shapes"
        [ testForAll 200 "transposing any two dimensions exchanges their indices" (tensorsFrom 1) (fun a ->
              let shape, read = List.ofArray a.shape, at a

              Seq.forall
                  (fun (i, j) -> same (tabulate (exchange i j shape) (exchange i j >> read)) (a.transpose (i, j)))
                  (Seq.allPairs [ 0 .. shape.Length - 1 ] [ 0 .. shape.Length - 1 ]))
          testForAll 150 "a view has the same numbers in the same order" tensors (fun a ->
              let length = a.toArray().Length
              let views = [ [| length |]; [| 1; length |]; [| length; 1; 1 |]; Array.rev a.shape ]
              views |> List.forall (fun shape -> same (Tensor.create shape (a.toArray ())) (a.view shape)))
          testCase "a view of another length is an error that shows both shapes" (fun () ->
              let failure =
                  Assert.Throws<ArgumentException>(fun () ->
                      (Tensor.vector [| 1.0; 2.0; 3.0 |]).view [| 2; 2 |] |> ignore)

              Assert.Contains("2×2", failure.Message)
              Assert.Contains("3", failure.Message))
          testForAll 150 "unsqueeze puts in a dimension of length 1 anywhere" tensors (fun a ->
              Seq.forall
                  (fun dim -> same (Tensor.create (Array.insertAt dim 1 a.shape) (a.toArray ())) (a.unsqueeze dim))
                  (seq { 0 .. a.shape.Length }))
          testForAll
              300
              "expanding repeats dimensions of length 1 and puts new ones in front"
              (Arb.fromGen expandable)
              (fun (a, target) -> same (tabulate target (broadcast a)) (a.expand (Array.ofList target)))
          testCase "expanding another length than 1 is an error that shows both shapes" (fun () ->
              let a = Tensor.matrix (array2D [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ])

              for target in [ [| 3; 2 |]; [| 2 |]; [| 2; 2; 1 |] ] do
                  let failure = Assert.Throws<ArgumentException>(fun () -> a.expand target |> ignore)
                  Assert.Contains("2×2", failure.Message)
                  Assert.Contains(String.Join("×", target), failure.Message))
          testTheory "an operator expands both sides to their common shape" operatorNames (fun (name: string) ->
              let operator, scalar = named name operators

              let sides =
                  drawing (fun size random ->
                      let target = drawShape 0 size random
                      // Each dimension is left out, or 1, on one side at most.
                      let cutA, cutB =
                          (if random.Next 2 = 0 then
                               random.Next(target.Length + 1), 0
                           else
                               0, random.Next(target.Length + 1))

                      let choices = target |> List.map (fun _ -> random.Next 3)

                      let side cut one =
                          List.map2 (fun length choice -> if choice = one then 1 else length) target choices
                          |> List.skip cut

                      drawTensor (side cutA 1) random, drawTensor (side cutB 2) random)

              forAll 200 (Arb.fromGen sides) (fun (a, b) ->
                  let length = max a.shape.Length b.shape.Length
                  let padded (t: Tensor) = List.replicate (length - t.shape.Length) 1 @ List.ofArray t.shape
                  let common = List.map2 (fun m n -> if m = 1 then n else m) (padded a) (padded b)
                  let readA, readB = broadcast a, broadcast b
                  let result: Tensor = operator a b
                  let expected = tabulate common (fun index -> scalar (readA index) (readB index))
                  let equal (x: float) y = x = y || Double.IsNaN x && Double.IsNaN y
                  result.shape = expected.shape && Array.forall2 equal (expected.toArray ()) (result.toArray ())))
          testCase "operators on shapes without a common one are an error that shows both" (fun () ->
              let a, b = Tensor.create [| 2; 3 |] (Array.zeroCreate 6), Tensor.vector [| 1.0; 2.0 |]

              for _, (operator, _) in operators do
                  let failure = Assert.Throws<ArgumentException>(fun () -> operator a b |> ignore)
                  Assert.Contains("2×3", failure.Message)) ]

// ── Values ──────────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let valuesTests =
    testList
        "Tensor: values"
        [ testCase "a tensor does not change when an array it came from or gave out does" (fun () ->
              let numbers = [| 1.0; 2.0 |]
              let a = Tensor.vector numbers
              numbers[0] <- 9.0
              a.toArray()[1] <- 9.0
              Assert.Equal<float[]>([| 1.0; 2.0 |], a.toArray ())
              let shape, numbers = [| 2; 3 |], [| 1.0 .. 6.0 |]
              let b = Tensor.create shape numbers
              numbers[0] <- 9.0
              shape[0] <- 9
              b.shape[1] <- 9
              b.toArray()[1] <- 9.0
              Assert.Equal<int[]>([| 2; 3 |], b.shape)
              Assert.Equal<float[]>([| 1.0 .. 6.0 |], b.toArray ())
              Assert.Equal(Tensor.matrix (array2D [ [ 1.0; 2.0; 3.0 ]; [ 4.0; 5.0; 6.0 ] ]), b))
          testForAll 100 "tensors are equal when shapes and numbers are" tensors (fun a ->
              let copy = Tensor.create a.shape (a.toArray ())
              let reshaped = a.view (Array.append a.shape [| 1 |])
              a = copy && hash a = hash copy && a <> reshaped)
          testCase "arrays go in and come out the same" (fun () ->
              let matrix = array2D [ [ 1.0; 2.0; 3.0 ]; [ 4.0; 5.0; 6.0 ] ]
              let stack = Array3D.init 2 3 4 (fun i j k -> float (100 * i + 10 * j + k))
              Assert.Equal<float[,]>(matrix, (Tensor.matrix matrix).toArray2D())
              Assert.Equal<float[,,]>(stack, (Tensor.matrices stack).toArray3D())
              Assert.Equal<float[]>([| 7.0 |], (Tensor.scalar 7.0).toArray())
              Assert.Equal(123.0, at (Tensor.matrices stack) [ 1; 2; 3 ]))
          testCase "a tensor of another number of dimensions than asked for is an error that shows its shape" (fun () ->
              let a = Tensor.create [| 2; 3 |] (Array.zeroCreate 6)

              let asked: (unit -> unit) list =
                  [ (fun () -> a.toArray1D () |> ignore); (fun () -> a.toArray3D () |> ignore) ]

              for ask in asked do
                  Assert.Contains("2×3", Assert.Throws<InvalidOperationException>(ask).Message))
          testCase "numbers of another count than the shape holds are an error" (fun () ->
              let failure = Assert.Throws<ArgumentException>(fun () -> Tensor.create [| 2; 3 |] [| 1.0 |] |> ignore)
              Assert.Contains("2×3", failure.Message)
              Assert.Contains("1", failure.Message)) ]
