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

    /// Asks the machines that have the rows of a source, and returns the answer of every run, in the order of the runs.
    /// Throws `GmmException` when they can't answer.
    let ask (execution: Execution) scan argument (rows: RemoteRows) (source: Source) : 'result[] =
        let question =
            { Scan = scan.Name
              Columns = [||]
              Family = scan.Family argument
              Arguments = scan.State argument }

        let answers = rows.Ask(question, execution.Cancellation)
        let runs = (Source.runs source).Length

        if answers.Length <> runs then
            fail rows $"the scan {scan.Name} of {runs} runs of rows has {answers.Length} answers"

        try
            answers |> Array.map (scan.OfNumbers argument)
        with
        | :? System.IndexOutOfRangeException
        | :? System.ArgumentException -> fail rows $"the scan {scan.Name} has an answer of another length"

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

        for struct (first, last), answer in Array.zip (Source.runs source) answers do
            let count = min ((last + 1L) * int64 source.BlockRows) source.Rows - first * int64 source.BlockRows

            if int64 answer.Length <> count * int64 width then
                fail rows $"the scan {scan.Name} of {count} rows has {answer.Length} numbers"

        answers

    /// Runs a scan over all rows of a source, on this machine or on those that have the rows. The result has the same
    /// bits.
    let run (execution: Execution) scan argument (source: Source) : 'result =
        match Source.remote source with
        | None -> source |> Source.reduceRuns execution scan.Merge (scan.OfRun argument)
        | Some rows -> ask execution scan argument rows source |> Array.reduce scan.Merge

    /// Returns the answer to a question about a run of blocks.
    let answer scan argument : Block seq -> float[] = scan.OfRun argument >> scan.ToNumbers
