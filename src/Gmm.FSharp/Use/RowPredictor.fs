namespace Gmm

#nowarn "9" // The pointers are to the stack and to pinned arrays.

open System
open System.Buffers
open FSharp.NativeInterop

/// Limits of row predictors.
[<AutoOpen>]
module private RowMemory =
    /// The most numbers that a call keeps on the stack; larger memory comes from the shared pool of arrays.
    [<Literal>]
    let MostOnStack = 1024

/// Predicts one row at a time, for programs that receive rows one by one, such as web services; `RowPredictor.ofFit`
/// makes it from a fit. The results have the same bits as those of `Predict` for the same rows. For the built-in kinds
/// of component, a call allocates no memory; for other kinds, for rows that are impossible under every component, and for
/// rows with missing cells, it makes a block of one row. A
/// predictor never changes, so any number of threads may use it at the same time. The methods return no `Result`, which
/// would need memory: they throw `GmmException` when the row has another number of features than the mixture, a number
/// that isn't finite or exceeds 1e150 in magnitude, or one outside the family's domain.
[<Sealed>]
type RowPredictor
    internal
    (
        features: int,
        components: int,
        logWeights: float[],
        kernel: RowKernel option,
        tests: ColumnTest[],
        misfit: Block -> GmmError option,
        ofBlock: Block -> float[],
        comparable: (Block -> struct (float[] * int[])) option,
        validate: Source -> Result<unit, GmmError>,
        ofIncomplete: (Block -> struct (float[] * int[])) option
    ) =

    /// ln πₖ, with −∞ up to a multiple of 8, the most numbers of a vector.
    let start = Array.append logWeights (Array.create ((logWeights.Length + 7) / 8 * 8 - logWeights.Length) -infinity)

    let hasTests = tests |> Array.exists (isNull >> not)
    let scratch = kernel |> Option.map _.Scratch |> Option.defaultValue 0

    let blockOf (row: ReadOnlySpan<float>) : Block =
        { FirstRow = 0L
          Rows = 1
          Columns = row.Length
          Numbers = Numbers.Float64(ReadOnlyMemory(row.ToArray()))
          Weights = None }

    /// Throws the error of a row, if it has one.
    let check (row: ReadOnlySpan<float>) =
        let block = blockOf row

        let source =
            { Rows = 1L
              Columns = row.Length
              BlockRows = 1
              Read = fun _ -> block }

        result {
            do! Source.requireColumns features source
            do! validate source
        }
        |> GmmError.get

    let hasMissing (row: ReadOnlySpan<float>) =
        let mutable found = false

        for j in 0 .. row.Length - 1 do
            found <- found || Double.IsNaN row[j]

        found

    /// Tests whether a row suits the mixture, except for the domain of a family without tests.
    let suits (row: ReadOnlySpan<float>) =
        let mutable suits = row.Length = features
        let mutable j = 0

        while suits && j < row.Length do
            suits <- abs row[j] <= Limits.largest && (not hasTests || isNull tests[j] || tests[j].Invoke row[j])
            j <- j + 1

        suits

    /// Writes the joint log-densities of a row to `memory`, followed by −∞ up to a multiple of 8. The kernel computes in
    /// `scratch`.
    let score (row: ReadOnlySpan<float>) (memory: nativeptr<float>) (scratch: nativeptr<float>) =
        let joint = Span<float>(NativePtr.toVoidPtr memory, start.Length)

        match kernel with
        | Some kernel ->
            if not (suits row) then
                check row

            start.CopyTo joint
            use row = fixed row
            kernel.Score(row, scratch, memory)
        | None ->
            if not (suits row) || (misfit (blockOf row)).IsSome then
                check row

            joint.Fill -infinity
            (ofBlock (blockOf row)).CopyTo joint

    /// Returns the log-density of a row. It writes the logarithms of the ratios of joint densities to the largest, and
    /// the responsibilities, to a target unless that is empty. For a label it returns the number of the likeliest
    /// component instead.
    let compute
        isLabel
        (row: ReadOnlySpan<float>)
        (ratios: Span<float>)
        (target: Span<float>)
        (memory: nativeptr<float>)
        scratch
        : float =
        let joint = Span<float>(NativePtr.toVoidPtr memory, logWeights.Length)
        let mutable isImpossible = false

        if ofIncomplete.IsSome && hasMissing row then
            check row
            Span<float>(NativePtr.toVoidPtr memory, start.Length).Fill -infinity
            let struct (numbers, impossible) = ofIncomplete.Value(blockOf row)
            numbers.CopyTo joint
            isImpossible <- impossible.Length > 0
        else
            score row memory scratch
            isImpossible <- comparable.IsSome && not (Assignment.isPossible (Span.op_Implicit joint))

            if isImpossible then
                let struct (numbers, _) = comparable.Value(blockOf row)
                numbers.CopyTo joint

        if isLabel then
            float (Noise.labelOf components (Assignment.likeliestOf (Span.op_Implicit joint)))
        else
            let largest = Assignment.lower joint

            if ratios.Length > 0 then
                joint.CopyTo ratios

            Elementary.expEach (Span<float>(NativePtr.toVoidPtr memory, start.Length))
            let evidence = Assignment.evidence largest (log (Assignment.total (Span.op_Implicit joint)))

            if target.Length > 0 then
                Assignment.share joint
                joint.CopyTo target

            if isImpossible then -infinity else evidence

    let onMemory isLabel (row: ReadOnlySpan<float>) (ratios: Span<float>) (target: Span<float>) : float =
        let length = start.Length + scratch

        if length <= MostOnStack then
            let memory = NativePtr.stackalloc<float> length
            compute isLabel row ratios target memory (NativePtr.add memory start.Length)
        else
            let rented = ArrayPool.Shared.Rent length
            use memory = fixed rented
            let result = compute isLabel row ratios target memory (NativePtr.add memory start.Length)
            ArrayPool.Shared.Return rented
            result

    /// The number of features, D.
    member _.Features = features

    /// The number of components, K; with noise K + 1.
    member _.Components = logWeights.Length

    /// Returns the component with the largest joint density for a row (D); ties go to the lower one. The
    /// label of noise is −1.
    member _.Label(row: ReadOnlySpan<float>) : int = int (onMemory true row Span.Empty Span.Empty)

    /// Returns the log-density ln p(x) of a row (D).
    member _.LogDensity(row: ReadOnlySpan<float>) : float = onMemory false row Span.Empty Span.Empty

    /// Writes the responsibilities of a row (D) to a target (K), and returns the log-density ln p(x). Throws
    /// ArgumentException unless the target has K numbers.
    member _.Responsibilities(row: ReadOnlySpan<float>, target: Span<float>) : float =
        if target.Length <> logWeights.Length then
            invalidArg
                (nameof target)
                $"""The target must have {Display.count logWeights.Length "number"}, but has {target.Length}."""

        onMemory false row Span.Empty target

    /// Writes ln(ρₖ / maxⱼ ρⱼ) of the joint densities ρₖ = πₖ p(x|θₖ) (K) and the responsibilities (K), and returns the
    /// log-density, all with the bits of `Responsibilities` and `Label`: the label is the first k whose ratio has
    /// logarithm 0. The logarithms are finite, down to about −1e303 where a density is 0.
    member internal _.Ratios(row: ReadOnlySpan<float>, ratios: Span<float>, responsibilities: Span<float>) : float =
        onMemory false row ratios responsibilities

/// Makes predictors of single rows.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module RowPredictor =
    /// Returns the predictor of a fit.
    let ofFit (fit: Fit<'θ>) : RowPredictor =
        let family, mixture = fit.Model.Family, fit.Mixture
        let logWeights = mixture.LogWeights.toArray1D ()
        let tests = NumberwiseMisfit.tests family.Misfit |> Option.map (fun tests -> tests mixture.Parameters)

        let kernel =
            match tests with
            | Some _ -> family.Form mixture.Parameters |> Option.bind (RowKernel.ofForm mixture.Components)
            | None -> None

        RowPredictor(
            family.Features mixture.Parameters,
            fit.Components,
            logWeights,
            kernel,
            Option.defaultValue [||] tests,
            family.Misfit mixture.Parameters,
            Kernel.logJoint family mixture,
            (match family.Form mixture.Parameters with
             | Some form when Form.hasZeros form -> Some(Predict.comparable fit.Model mixture)
             | Some _
             | None -> None),
            (let alone = { fit.Model.Execution with Threads = 1 }

             match fit.Model.Missing with
             | Missing.Reject -> Source.validateWith alone (family.Misfit mixture.Parameters)
             | Missing.Fit -> IncompleteRows.validateNew alone family mixture.Parameters),
            (match fit.Model.Missing with
             | Missing.Reject -> None
             | Missing.Fit -> Some(Predict.comparable fit.Model mixture))
        )
