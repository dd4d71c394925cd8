namespace Gmm

/// A computation over all rows. If the rows lie on other machines, these do the work: they know the computation by its
/// name, and argument and results travel as plain numbers, without the loss of a bit.
[<NoEquality; NoComparison>]
type internal Scan<'argument, 'result> =
    {
        /// The name by which every machine knows the scan.
        Name: string
        /// The name of the family in the argument; empty without one.
        Family: 'argument -> string
        /// The argument as named arrays.
        State: 'argument -> State
        /// Computes the result of neighbouring blocks. Partial application to the argument prepares what all runs
        /// share.
        OfRun: 'argument -> Block seq -> 'result
        /// Merges the results of neighbouring runs; it may change its first argument.
        Merge: 'result -> 'result -> 'result
        /// The result of a run as numbers.
        ToNumbers: 'result -> float[]
        /// Undoes `ToNumbers`.
        OfNumbers: 'argument -> float[] -> 'result
    }

/// Runs scans.
module internal Scan =
    /// Throws that the machines give an answer of an unexpected form.
    let private fail (rows: RemoteRows) reason =
        let remedy = "All machines must have the same version of Gmm, and the same rows"
        raise (GmmException(UnavailableBackend(rows.Name, reason, remedy)))

    let private askWith slices (execution: Execution) scan argument (rows: RemoteRows) (source: Source) : 'result[] =
        let question =
            { Scan = scan.Name
              Columns = [||]
              Family = scan.Family argument
              Arguments = scan.State argument
              Slices = slices }

        let answers = rows.Ask(question, execution.Cancellation)
        let runs = (Source.runs source).Length

        if answers.Length <> runs then
            fail rows $"""the scan {scan.Name} of {Display.count runs "run"} of rows has {answers.Length} answers"""

        try
            answers |> Array.map (scan.OfNumbers argument)
        with
        | :? System.IndexOutOfRangeException
        | :? System.ArgumentException -> fail rows $"the scan {scan.Name} has an answer of another length"

    /// Asks the machines that have the rows of a source, and returns the answer of every run, in the order of the runs.
    /// Throws `GmmException` when they can't answer.
    let ask execution scan argument rows source : 'result[] = askWith [||] execution scan argument rows source

    /// Asks for `width` numbers of every row, and returns those of every run, in the order of the runs. Throws like
    /// `ask`.
    let askRows
        (execution: Execution)
        (width: int)
        (scan: Scan<'argument, float[]>)
        (argument: 'argument)
        (rows: RemoteRows)
        (source: Source)
        : float[][] =
        let answers = ask execution scan argument rows source

        for struct (_, count), answer in Array.zip (Source.rowsOfRuns source) answers do
            if int64 answer.Length <> count * int64 width then
                fail
                    rows
                    $"""the scan {scan.Name} of {Display.count count "row"} has {Display.count answer.Length "number"}"""

        answers

    let private runWith slices (execution: Execution) scan argument (source: Source) : 'result =
        match Source.remote source with
        | None -> source |> Source.reduceRuns execution scan.Merge (scan.OfRun argument)
        | Some rows -> askWith (slices ()) execution scan argument rows source |> Array.reduce scan.Merge

    /// Runs a scan over all rows of a source, on this machine or on those that have the rows. The result has the same
    /// bits.
    let run execution scan argument source : 'result = runWith (fun () -> [||]) execution scan argument source

    /// Runs a scan that must know something of each row. `slice` returns it for rows, from the number of the first and
    /// their count.
    let runSliced (slice: int64 -> int64 -> float[]) execution scan argument source : 'result =
        let slices () = Source.rowsOfRuns source |> Array.map (fun struct (first, count) -> slice first count)
        runWith slices execution scan argument source

    /// Returns the answer to a question about a run of blocks.
    let answer scan argument : Block seq -> float[] = scan.OfRun argument >> scan.ToNumbers
