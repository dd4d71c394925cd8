namespace Gmm

/// EM on a sample of the rows, which costs little beside EM on all.
module internal OnSample =
    /// The most numbers of a sample, 32 MiB.
    let private mostNumbers = 4_194_304.0

    /// The least tolerance on a sample. With a smaller one, EM would only approach the maximum of the sample, which is
    /// not that of all rows.
    let private leastTolerance = 1e-4

    /// Whether a sample of some rows takes too much memory.
    let isTooLarge (race: Race<'kind, 'θ>) (count: float) : bool = count * float race.Source.Columns > mostNumbers

    /// Returns a race on a sample of `count` rows that weighs as much as they all, so that a prior keeps its share in
    /// the objective. Error when the sum of the weights becomes infinite.
    let race (race: Race<'kind, 'θ>) (count: float) : Result<Race<'kind, 'θ>, GmmError> =
        let execution = race.Options.Execution
        let sample = race.Source |> Survey.sample execution 0 (int count)
        let ofEach = float race.Rows / float sample.Rows
        let weightsOf (block: Block) = Array.init block.Rows (fun i -> ofEach * block.Weight i)

        sample
        |> Source.weighted (sample |> Source.collect execution weightsOf)
        |> Result.map (fun sample ->
            { race with
                Options =
                    { race.Options with
                        Tolerance = max leastTolerance race.Options.Tolerance
                        History = false
                        Backend = Kernel.backend }
                Source = sample
                Rows = sample.Rows })
