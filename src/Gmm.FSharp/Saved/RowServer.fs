namespace Gmm

open System
open System.Collections.Concurrent
open System.Threading

/// Answers the questions of fits and predictions (`RemoteRows`) about rows that this machine has, or has some of. The
/// rows are those of the whole table, with its numbers of rows and blocks; the server reads only the blocks of the runs
/// that it is asked about. Any number of threads may ask. A question is checked before it is answered: it names no
/// type, and its arrays must have the sizes that its scan expects. Throws `GmmException` when the blocks of the source
/// don't have `Source.blockRows` rows.
[<Sealed>]
type RowServer(families: SavedFamily list, source: Source) =
    do
        let expected = Source.blockRows source.Columns

        if source.BlockRows <> expected then
            let rule = $"""blocks of {expected} rows, for {Display.count source.Columns "column"}"""
            raise (GmmException(InvalidData(rule, $"they have {source.BlockRows}")))

    /// The runs of the table.
    let all = Source.runs source

    /// The families of the latest questions, by name, each with its settings and its noise. A family keeps the buffers
    /// of its kernels.
    let latest = ConcurrentDictionary<string, State list * Family<PartParameters>>()

    let mostFamilies = 8

    let mixtureOf (question: Question) =
        result {
            let! family = SavedFamily.ofName families question.Family question.Arguments
            let! family, mixture = FitState.toMixture family question.Arguments

            let settings = [ for part in [ "settings"; "noise" ] -> question.Arguments |> State.within part ]

            match latest.TryGetValue question.Family with
            | true, (known, family) when known = settings -> return family, mixture
            | _ ->
                if latest.Count >= mostFamilies then
                    latest.Clear()

                latest[question.Family] <- (settings, family)
                return family, mixture
        }

    let requireColumns (source: Source) (family: Family<PartParameters>, mixture: Mixture<PartParameters>) =
        let columns = family.Features mixture.Parameters

        GmmError.requireAll
            [ columns = source.Columns,
              "Family",
              $"""one of {Display.count source.Columns "column"}""",
              $"one of {columns}" ]
        |> Result.map (fun () -> family, mixture)

    /// Returns the answer to a question about some columns, as a function of the blocks of a run.
    let answerOf (question: Question) (source: Source) : Result<Block seq -> float[], GmmError> =
        let state, columns = question.Arguments, source.Columns
        let mixture () = mixtureOf question |> Result.bind (requireColumns source)
        let rows: RowFunction<PartParameters> list = Predict.functions

        match question.Scan with
        | name when name = Survey.checking.Name -> Ok(Scan.answer Survey.checking ())
        | name when name = Survey.counting.Name -> Ok(Scan.answer Survey.counting ())
        | name when name = Survey.moments.Name ->
            Survey.momentsOf columns state |> Result.map (Scan.answer Survey.moments)
        | name when name = Survey.stretches.Name ->
            Survey.stretchesOf source.Rows state |> Result.map (Scan.answer Survey.stretches)
        | name when name = Survey.keys.Name -> Survey.keysOf state |> Result.map (Scan.answer Survey.keys)
        | name when name = Noise.ranging.Name -> Noise.rangingOf columns state |> Result.map (Scan.answer Noise.ranging)
        | name when name = Lloyd.nearest.Name -> Lloyd.centresIn columns state |> Result.map (Scan.answer Lloyd.nearest)
        | name when name = Lloyd.farthest.Name ->
            Lloyd.farthestOf columns state |> Result.map (Scan.answer Lloyd.farthest)
        | name when name = FamilyScan.misfitting<PartParameters>.Name ->
            mixture () |> Result.map (Scan.answer FamilyScan.misfitting)
        | name when name = FamilyScan.expecting<PartParameters>.Name ->
            result {
                let! family, mixture = mixture ()
                let! word = State.word "assignment" state
                return Scan.answer FamilyScan.expecting (family, (if word = "hard" then Hard else Soft), mixture)
            }
        | name ->
            let ofRows = rows |> List.tryFind (fun rows -> name = (RowScan.ofRows rows).Name)
            let ofSums = rows |> List.tryFind (fun rows -> name = (RowScan.ofSums rows).Name)

            match ofRows, ofSums with
            | Some rows, _ -> mixture () |> Result.map (Scan.answer (RowScan.ofRows rows))
            | None, Some rows -> mixture () |> Result.map (Scan.answer (RowScan.ofSums rows))
            | None, None -> Error(InvalidOption("Scan", "one that this version of Gmm knows", $"\"{name}\""))

    /// Returns the answer for each of some runs, as a function of its blocks.
    let answersOf (question: Question) (runs: int[]) (source: Source) : Result<(Block seq -> float[])[], GmmError> =
        let requireSlices count =
            GmmError.requireAll
                [ question.Slices.Length = count,
                  "Slices",
                  $"""{Display.count count "array"} for the scan {question.Scan} of {Display.count runs.Length "run"}""",
                  $"{question.Slices.Length}" ]

        if question.Scan = FamilyScan.giving<PartParameters>.Name then
            result {
                do! requireSlices runs.Length
                let! family, mixture = mixtureOf question |> Result.bind (requireColumns source)
                let! areLabels = State.whole 0 1 "areLabels" question.Arguments
                let rowsOfRuns = Source.rowsOfRuns source

                let answer (run, slice) =
                    let struct (first, count) = rowsOfRuns[run]

                    slice
                    |> Memberships.ofSlice mixture.Components (areLabels = 1) first count
                    |> Result.map (fun memberships -> Scan.answer FamilyScan.giving (family, memberships, mixture))

                let! answers = Array.zip runs question.Slices |> List.ofArray |> GmmError.traverse answer
                return Array.ofList answers
            }
        else
            result {
                do! requireSlices 0
                let! answer = answerOf question source
                return Array.replicate runs.Length answer
            }

    /// Returns the source with the columns that a question sees.
    let columnsOf (question: Question) : Result<Source, GmmError> =
        let isColumn column = column >= 0 && column < source.Columns

        if question.Columns.Length = 0 then
            Ok source
        else
            GmmError.requireAll
                [ Array.forall isColumn question.Columns && question.Columns.Length <= source.Columns,
                  "Columns",
                  $"""at most {Display.count source.Columns "number"} from 0 to {source.Columns - 1}""",
                  $"%A{question.Columns}" ]
            |> Result.map (fun () -> Source.select question.Columns source)

    /// The runs of the table, as first and last block: see `Source.runs`.
    member _.Runs = all

    /// Reads the block with a given number: see `Source.Read`. Throws `GmmException` when there is none.
    member _.Read(index: int64) : Block =
        if index < 0L || index >= source.Blocks then
            raise (GmmException(InvalidOption("Block", $"from 0 to {source.Blocks - 1L}", string index)))

        source.Read index

    /// Checks a question about some runs of blocks, given by their numbers in `Source.runs`, and returns the function
    /// that answers it for the run at a place of `runs`; any number of threads may call it. Error when the question
    /// breaks a rule. The function throws `GmmException` when rows can't be read, and OperationCanceledException when it
    /// is cancelled.
    member _.Prepare(question: Question, runs: int[]) : Result<Func<int, CancellationToken, float[]>, GmmError> =
        result {
            let isWhole =
                [ box question.Scan; question.Columns; question.Family; question.Arguments; question.Slices; runs ]
                |> List.forall (isNull >> not)

            do! GmmError.requireAll [ isWhole, "Question", "without null", "one with null" ]

            do!
                GmmError.requireAll
                    [ question.Slices |> Array.forall (isNull >> not), "Slices", "without null", "one with null"
                      runs |> Array.forall (fun run -> run >= 0 && run < all.Length),
                      "Runs",
                      $"from 0 to {all.Length - 1}",
                      $"%A{runs}" ]

            let! seen = columnsOf question
            let! answers = answersOf question runs seen

            let ofRun place (cancellation: CancellationToken) =
                let struct (first, last) = all[runs[place]]

                answers[place](seq {
                    for index in first..last do
                        cancellation.ThrowIfCancellationRequested()
                        seen.Read index
                })

            return Func<_, _, _> ofRun
        }

    /// Returns the answers to a question about some runs of blocks, in the order of their numbers in `runs`. Error when
    /// the question breaks a rule, or rows can't be read. Throws OperationCanceledException when the execution is
    /// cancelled.
    member server.Answer(question: Question, runs: int[], execution: Execution) : Result<float[][], GmmError> =
        result {
            let! ofRun = server.Prepare(question, runs)
            return execution.Map(runs.Length, (fun place -> ofRun.Invoke(place, execution.Cancellation)))
        }
