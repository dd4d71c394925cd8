namespace Gmm.Laws

open System
open FsCheck
open FsCheck.FSharp
open Gmm

/// A property that every tensor engine must have.
[<NoEquality; NoComparison>]
type EngineLaw =
    {
        /// The law in a few words.
        Name: string
        /// What the law says of an engine whose numbers have a type.
        Verdict: Dtype -> Engine -> Verdict
    }

/// Trying laws of engines.
module EngineLaw =
    /// Tries a law on an engine whose numbers have a type.
    let run (dtype: Dtype) (engine: Engine) (law: EngineLaw) : Report =
        let verdict =
            try
                law.Verdict dtype engine
            with error ->
                Broken $"{error.GetType().Name}: {error.Message}"

        { Subject = engine.Name
          Law = law.Name
          Outcome =
            match verdict with
            | Holds -> Passed 1
            | Broken how -> Failed(how, "")
            | Beside -> Absent }

/// The laws of engines: an engine computes what the Reference computes.
module internal EngineLaws =
    // ── Comparisons ─────────────────────────────────────────────────────────────────────────────────────────────────

    /// How far numbers may be off after a few operations.
    let private rounding dtype =
        match dtype with
        | Dtype.Float64 -> 1e-14
        | Dtype.Float32 -> 1e-5

    /// How far numbers may be off after sums of some hundred numbers in another order.
    let private summing dtype =
        match dtype with
        | Dtype.Float64 -> 1e-10
        | Dtype.Float32 -> 1e-4

    /// The first number that is not near the expected one; `scale` gives the magnitude that the tolerance is relative to.
    let private differing what tolerance (scale: float -> float) (expected: float[]) (actual: float[]) : string option =
        if expected.Length <> actual.Length then
            Some $"{what}: there are {actual.Length} numbers, the Reference has {expected.Length}."
        else
            let isNear (expected: float) (actual: float) =
                expected.Equals actual
                || expected = actual
                || Double.IsFinite expected && abs (actual - expected) <= tolerance * scale expected

            Seq.zip expected actual
            |> Seq.indexed
            |> Seq.tryFind (fun (_, (expected, actual)) -> not (isNear expected actual))
            |> Option.map (fun (i, (expected, actual)) ->
                $"{what}: number {i} is {Numbers.show actual}, the Reference's is {Numbers.show expected}.")

    /// The same with a tolerance relative to the largest finite magnitude of all expected numbers.
    let private difference what tolerance (expected: float[]) =
        let largest = expected |> Seq.filter Double.IsFinite |> Seq.map abs |> Seq.fold max 0.0
        differing what tolerance (fun _ -> largest) expected

    let private create (engine: Engine) shape (values: float[]) = engine.Create shape (ReadOnlyMemory values)

    let private count (shape: int[]) = Array.fold (*) 1 shape

    /// What differs in shape or numbers between a computation on the Reference and the same one on an engine.
    let private compared what compare (compute: Engine -> Tensor) (engine: Engine) : string option =
        let expected, actual = compute Reference.engine, compute engine

        if actual.shape <> expected.shape then
            Some $"{what}: the shape is %A{actual.shape}, the Reference's is %A{expected.shape}."
        else
            compare what (expected.toArray ()) (actual.toArray ())

    // ── Operations ──────────────────────────────────────────────────────────────────────────────────────────────────

    let private last (t: Tensor) = t.shape.Length - 1

    /// Computations of two tensors of one shape.
    let private computations: (string * (Tensor -> Tensor -> Tensor)) list =
        [ "create", (fun a _ -> a)
          "add", (fun a b -> a.add b)
          "sub", (fun a b -> a.sub b)
          "mul", (fun a b -> a.mul b)
          "div", (fun a b -> a.div (b.mul(b).addScalar 1.0))
          "eq", (fun a b -> a.eq b)
          "lt", (fun a b -> a.lt b)
          "addScalar", (fun a _ -> a.addScalar 1.5)
          "mulScalar", (fun a _ -> a.mulScalar -2.5)
          "exp", (fun a _ -> a.exp ())
          "log", (fun a _ -> (a.mul a).log())
          "clamp", (fun a _ -> a.clamp 0.25)
          "sum of the first dimension", (fun a _ -> a.sum 0)
          "sum of the last dimension", (fun a _ -> a.sum (last a))
          "max of the first dimension", (fun a _ -> a.max 0)
          "max of the last dimension", (fun a _ -> a.max (last a))
          "argmax of the first dimension", (fun a _ -> a.argmax 0)
          "argmax of the last dimension", (fun a _ -> a.argmax (last a))
          "transpose", (fun a _ -> a.transpose (0, last a))
          "view of a transpose", (fun a b -> (a.transpose (0, last a)).view(a.shape).sub(b.view b.shape))
          "unsqueeze and expand", (fun a _ -> (a.unsqueeze 1).expand(Array.insertAt 1 3 a.shape))
          "expand in front", (fun a _ -> a.expand (Array.append [| 2 |] a.shape))
          "operators", (fun a b -> (a + b.sum 0) * (a.unsqueeze 0 - b.unsqueeze 0) - 2.0 * (1.0 - a))
          "like", (fun a _ -> a + a.like (a.shape, Array.init (count a.shape) float))
          "matmul",
          (fun a b ->
              if a.shape.Length = 1 then
                  (a.view [| a.shape[0]; 1 |]).matmul(b.view [| 1; b.shape[0] |])
              else
                  a.matmul (b.transpose (b.shape.Length - 2, last b)))
          "matmul of two batch dimensions",
          (fun a b ->
              let stack (t: Tensor) =
                  if t.shape.Length = 3 then
                      t.unsqueeze 1
                  else
                      t.view [| 1; 1; t.shape[0]; count t.shape / t.shape[0] |]

              (stack a).matmul((stack b).transpose(2, 3))) ]

    /// Two arrays of numbers for each of some shapes, on a grid of eighths: both types hold them, and there are ties.
    let private operands: (int[] * float[] * float[]) list =
        let random = Subject.random 7

        let draw shape = Array.init (count shape) (fun _ -> Math.Round(32.0 * random.NextDouble() - 16.0) / 8.0)

        [ for shape in [ [| 1 |]; [| 7 |]; [| 1; 1 |]; [| 2; 3 |]; [| 17; 5 |]; [| 1; 4; 1 |]; [| 3; 4; 5 |] ] do
              for _ in 1..3 -> shape, draw shape, draw shape ]

    /// What a check finds in every computation on all operands.
    let private onOperands check =
        seq {
            for name, compute in computations do
                for shape, a, b in operands -> check $"{name} at shape %A{shape}" compute shape a b
        }
        |> Law.firstBroken

    let private operations =
        { Name = "operations are those of the Reference"
          Verdict =
            fun dtype engine ->
                onOperands (fun what compute shape a b ->
                    compared
                        what
                        (fun what -> difference what (rounding dtype))
                        (fun engine -> compute (create engine shape a) (create engine shape b))
                        engine) }

    let private immutable =
        { Name = "operations leave their operands as they are"
          Verdict =
            fun _ engine ->
                onOperands (fun what compute shape a b ->
                    // An engine may use the numbers in place.
                    let first, second = create engine shape (Array.copy a), create engine shape (Array.copy b)
                    (compute first second).toArray() |> ignore

                    if first.toArray () = a && second.toArray () = b then
                        None
                    else
                        Some $"{what}: an operand has changed.") }

    // ── Edges ───────────────────────────────────────────────────────────────────────────────────────────────────────

    let private withoutNumbers =
        let computations: (string * (Tensor -> Tensor)) list =
            [ "create", id
              "max", _.max(1)
              "argmax", _.argmax(1)
              "eq", (fun empty -> empty.eq empty)
              "addScalar, exp and clamp", (fun empty -> (empty + 1.0).exp().clamp 2.0)
              "expand", _.expand([| 4; 0; 3 |])
              "sum", _.sum(0)
              "expand to no number", (fun empty -> (empty.sum 0).expand [| 0; 3 |])
              "matmul", (fun empty -> (empty.transpose (0, 1)).matmul empty) ]

        { Name = "tensors without numbers have their shapes"
          Verdict =
            fun _ engine ->
                computations
                |> Seq.map (fun (name, compute) ->
                    compared
                        name
                        (fun what -> difference what 0.0)
                        (fun engine -> compute (create engine [| 0; 3 |] [||]))
                        engine)
                |> Law.firstBroken }

    let private special =
        let numbers = [| 0.0; -infinity; infinity; 2.0; 2.0; 1.0; -infinity; -infinity; -infinity |]

        let computations: (string * (Tensor -> Tensor)) list =
            [ "create", id
              "log", _.log()
              "clamp and log", (fun a -> (a.clamp 0.0).log())
              "exp", _.exp()
              "max", _.max(1)
              "argmax of the first dimension", _.argmax(0)
              "argmax of the last dimension", _.argmax(1)
              "eq", (fun a -> a.eq (a.transpose (0, 1)))
              "lt of a clamped tensor", (fun a -> (a.clamp -1e303).lt(a.like([| 1 |], [| -1e303 |]).expand a.shape))
              "lt of a largest number", (fun a -> (a.clamp -1e303).max(1).lt(a.max 1))
              "two clamps", (fun a -> (a.clamp -1.0).clamp 0.5) ]

        { Name = "zeros, infinities and ties are as in the Reference"
          Verdict =
            fun dtype engine ->
                computations
                |> Seq.map (fun (name, compute) ->
                    compared
                        name
                        (fun what -> differing what (rounding dtype) abs)
                        (fun engine -> compute (create engine [| 3; 3 |] numbers))
                        engine)
                |> Law.firstBroken }

    let private large =
        { Name = "large finite numbers stay finite"
          Verdict =
            fun dtype engine ->
                let largest =
                    match dtype with
                    | Dtype.Float64 -> 1e305
                    | Dtype.Float32 -> float Single.MaxValue

                let a = create engine [| 3 |] [| -1e305; 1e305; -infinity |]
                // The families' stand-in for minus infinity has a product with 0.
                let products = (a.view [| 1; 3 |]).clamp(-1e305).matmul(create engine [| 3; 1 |] (Array.zeroCreate 3))

                [ difference "create" 0.0 [| -largest; largest; -infinity |] (a.toArray ())
                  difference "0 times a large number" 0.0 [| 0.0 |] (products.toArray ()) ]
                |> Law.firstBroken }

    // ── Mistakes ────────────────────────────────────────────────────────────────────────────────────────────────────

    let private zeros engine shape = create engine shape (Array.zeroCreate (count shape))

    /// The message of the ArgumentException that a computation throws.
    let private refusal (compute: unit -> Tensor) : string option =
        try
            compute () |> ignore
            None
        with :? ArgumentException as error ->
            Some error.Message

    let private shapes =
        let mistakes: (string * (Engine -> Tensor)) list =
            [ "add of 2×3 and 3×2", (fun engine -> (zeros engine [| 2; 3 |]).add(zeros engine [| 3; 2 |]))
              "lt of 2×3 and 3", (fun engine -> (zeros engine [| 2; 3 |]).lt(zeros engine [| 3 |]))
              "matmul of 2×3 and 2×3", (fun engine -> (zeros engine [| 2; 3 |]).matmul(zeros engine [| 2; 3 |]))
              "matmul of 2×2×3 and 1×3×2",
              (fun engine -> (zeros engine [| 2; 2; 3 |]).matmul(zeros engine [| 1; 3; 2 |]))
              "view of 2×3 as 4", (fun engine -> (zeros engine [| 2; 3 |]).view [| 4 |])
              "expand of 2×3 to 2×2×2", (fun engine -> (zeros engine [| 2; 3 |]).expand [| 2; 2; 2 |])
              "the operator + of 2×3 and 2", (fun engine -> zeros engine [| 2; 3 |] + zeros engine [| 2 |]) ]

        { Name = "shapes that do not fit are the Reference's errors"
          Verdict =
            fun _ engine ->
                mistakes
                |> Seq.map (fun (what, mistake) ->
                    match refusal (fun () -> mistake Reference.engine), refusal (fun () -> mistake engine) with
                    | expected, actual when actual = expected -> None
                    | _, None -> Some $"{what}: there is no ArgumentException."
                    | expected, Some message ->
                        Some $"{what}: the message is \"{message}\", the Reference's is \"{Option.get expected}\".")
                |> Law.firstBroken }

    let private foreign =
        let mistakes: (string * (Tensor -> Tensor -> Tensor)) list =
            [ "add", (fun a other -> a.add other)
              "lt", (fun a other -> a.lt other)
              "matmul", (fun a other -> a.matmul other) ]

        { Name = "tensors of another engine are errors"
          Verdict =
            fun _ engine ->
                let own, other = zeros engine [| 2; 2 |], zeros Reference.engine [| 2; 2 |]

                if own.GetType() = other.GetType() then
                    Beside
                else
                    mistakes
                    |> Seq.map (fun (what, mistake) ->
                        match refusal (fun () -> mistake own other) with
                        | Some _ -> None
                        | None -> Some $"{what}: there is no ArgumentException.")
                    |> Law.firstBroken }

    // ── E-steps ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// The textbook's E-step on an engine is that on the Reference, for blocks of several lengths.
    let private eSteps name (family: Family<'θ>) (drawn: Lazy<Mixture<'θ> * float[][]>) : EngineLaw =
        let weight n = if n % 2 = 0 then 1.0 else 0.25 * float (n % 7)

        let statistics tolerance what (expected: Statistics) (actual: Statistics) =
            [ difference $"{what}, weight" tolerance [| expected.Weight |] [| actual.Weight |]
              difference $"{what}, log-likelihood" tolerance [| expected.LogLikelihood |] [| actual.LogLikelihood |]
              difference $"{what}, counts" tolerance expected.Counts actual.Counts
              for i in 0 .. expected.Sums.Length - 1 do
                  difference $"{what}, sums {i}" tolerance expected.Sums[i] actual.Sums[i] ]
            |> List.tryPick id

        { Name = $"E-steps are those of the Reference: {name}"
          Verdict =
            fun dtype engine ->
                let mixture, rows = drawn.Value
                let tolerance = summing dtype
                let data = Source.ofRows rows |> GmmError.get
                let weighted = data |> Source.weighted (Array.init rows.Length weight) |> GmmError.get

                seq {
                    for source in [ data; weighted ] do
                        let all = source.Read 0L

                        for length in [ 0; 1; 2; 7; 255; 256; 257 ] do
                            let block = all.Slice(0, length)

                            difference
                                $"joint log-densities of {length} rows"
                                tolerance
                                (Textbook.logJoint Reference.engine family mixture block)
                                (Textbook.logJoint engine family mixture block)

                            for assignment in [ Soft; Hard ] do
                                statistics
                                    tolerance
                                    $"{assignment} statistics of {length} rows"
                                    (Textbook.statistics Reference.engine family assignment mixture [ block ])
                                    (Textbook.statistics engine family assignment mixture [ block ])
                }
                |> Law.firstBroken }

    /// Three components of a subject, and 257 rows drawn from them.
    let private drawn (subject: Subject<'θ>) columns : Lazy<Mixture<'θ> * float[][]> =
        lazy
            (let parameters = subject.Draw 3 columns |> Gen.sampleWithSeed (Rnd 5UL) 50 1 |> Array.head
             let random = Subject.random 11

             GmmError.get (Mixture.create [| 1.0; 2.0; 3.0 |] parameters),
             Array.init 257 (fun n -> subject.Row random parameters (n % 3)))

    let private exponentials: Subject<ExponentialParameters> list =
        let subject definition support means =
            ExponentialSubject.create
                { Definition = definition
                  Support = support
                  Means = means
                  Textbook = None
                  Edges = [] }

        [ subject Bernoulli.family (Levels [| 0.0; 1.0 |]) (MeanParameters.simplex 2 1.0)
          subject (Binomial.family 5) (Levels [| 0.0 .. 5.0 |]) (MeanParameters.simplex 2 5.0)
          subject (Categorical.family 3) (Levels [| 0.0 .. 2.0 |]) (MeanParameters.simplex 3 1.0)
          subject Poisson.family Counts (MeanParameters.positive 0.1 20.0)
          subject Exponential.family HalfLine (MeanParameters.positive 0.1 20.0) ]

    let private ofFamilies: EngineLaw list =
        [ for structure in Structure.all do
              let subject = GaussianSubject.create structure

              for columns in [ 1; 3; 8 ] do
                  eSteps $"{subject.Name}, columns: {columns}" subject.Family (drawn subject columns)

          let gaussian = drawn (GaussianSubject.create Spherical) 3

          eSteps
              "centroid"
              Centroid.family
              (lazy
                  (let mixture, rows = gaussian.Value

                   { LogWeights = Tensor.vector (Array.zeroCreate 3)
                     Parameters = { Centres = mixture.Parameters.Means } },
                   rows))

          for subject in exponentials do
              eSteps subject.Name subject.Family (drawn subject 2)

          let product =
              ProductSubject.create
                  [ ProductSubject.part 2 (GaussianSubject.create Full)
                    for subject in exponentials do
                        ProductSubject.part 1 subject ]

          eSteps "a product of all" product.Family (drawn product 7) ]

    let private tiny =
        { Name = "rows of tiny density have finite log-densities and whole responsibilities"
          Verdict =
            fun _ engine ->
                Structure.all
                |> Seq.map (fun structure ->
                    let mixture, _ = (drawn (GaussianSubject.create structure) 3).Value
                    let x = create engine [| 2; 3 |] [| 1000.0; -2000.0; 500.0; -1e4; 1e4; 0.0 |]
                    let parameters = Gaussian.family.Move engine.Move mixture.Parameters
                    let joint = Gaussian.logDensity parameters x + engine.Move mixture.LogWeights
                    let evidence, shares = Assignment.soft joint
                    let evidence, sums = evidence.toArray (), (shares.sum 1).toArray()

                    if evidence |> Array.exists (fun density -> not (Double.IsFinite density && density < -1e4)) then
                        Some $"{Structure.name structure}: the log-densities are {Numbers.showAll evidence}."
                    elif sums |> Array.exists (fun sum -> not (abs (sum - 1.0) <= 1e-6)) then
                        Some $"{Structure.name structure}: responsibilities sum to {Numbers.showAll sums}."
                    else
                        None)
                |> Law.firstBroken }

    let all: EngineLaw list =
        [ operations; immutable; withoutNumbers; special; large; shapes; foreign ] @ ofFamilies @ [ tiny ]
