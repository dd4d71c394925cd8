namespace Gmm

/// Scans under a mixture of a family.
module internal FamilyScan =
    /// Returns a mixture and the settings of its family as plain data.
    let state (family: Family<'θ>) (mixture: Mixture<'θ>) : State =
        State.join
            [ Family.mixtureState family mixture
              family.Storage.Settings mixture.Parameters |> State.under "settings"
              match family.Noise with
              | Some noise -> NoiseStorage.toState noise |> State.under "noise"
              | None -> () ]

    /// Returns the statistics that numbers store.
    let private statisticsOf (family: Family<'θ>) (mixture: Mixture<'θ>) : float[] -> Statistics =
        Statistics.zero mixture.Components (family.SumLengths mixture.Parameters) |> Statistics.unpack

    /// The E-step: the statistics under a mixture.
    let expecting<'θ> : Scan<Family<'θ> * Assignment * Mixture<'θ>, Statistics> =
        { Name = "expect"
          Family = fun (family, _, _) -> family.Name
          State =
            fun (family, assignment, mixture) ->
                let word = if assignment.IsSoft then "soft" else "hard"
                State.join [ state family mixture; Map [ State.choice "assignment" word ] ]
          OfRun = fun (family, assignment, mixture) -> Kernel.statistics family assignment mixture
          Merge = Statistics.addTo
          ToNumbers = Statistics.pack
          OfNumbers = fun (family, _, mixture) -> statisticsOf family mixture }

    /// The statistics about a mixture, whose weights don't matter, with responsibilities that are known.
    let giving<'θ> : Scan<Family<'θ> * Memberships * Mixture<'θ>, Statistics> =
        { Name = "give"
          Family = fun (family, _, _) -> family.Name
          State =
            fun (family, memberships, mixture) ->
                let areLabels = if memberships.AreLabels then 1.0 else 0.0
                State.join [ state family mixture; Map [ "areLabels", Tensor.scalar areLabels ] ]
          OfRun =
            fun (family, memberships, mixture) ->
                Kernel.statisticsOf (Memberships.responsibilities memberships) family mixture
          Merge = Statistics.addTo
          ToNumbers = Statistics.pack
          OfNumbers = fun (family, _, mixture) -> statisticsOf family mixture }

    /// Returns the statistics of all rows about a mixture, with responsibilities that are known.
    let give execution (family: Family<'θ>) (memberships: Memberships) source mixture : Statistics =
        source |> Scan.runSliced memberships.Slice execution giving (family, memberships, mixture)

    /// Opens a pass whose E-steps run where the rows are. Error when the model's backend isn't the default.
    let openPass
        (backend: Backend)
        (rows: RemoteRows)
        (family: Family<'θ>)
        (source: Source)
        (execution: Execution)
        : Result<Pass<'θ>, GmmError> =
        if obj.ReferenceEquals(backend, Kernel.backend) then
            Ok
                { new Pass<_> with
                    member _.Expect(assignment, mixture) =
                        source |> Scan.run execution expecting (family, assignment, mixture)

                    member _.Dispose() = () }
        else
            Error(InvalidOption("Backend", $"the default, kernels, for rows of {rows.Name}", backend.Name))

    /// The first row of the first block with a number outside the family's domain; −1 if there is none.
    let misfitting<'θ> : Scan<Family<'θ> * Mixture<'θ>, int64> =
        { Name = "misfit"
          Family = fun (family, _) -> family.Name
          State = fun (family, mixture) -> state family mixture
          OfRun =
            fun (family, mixture) ->
                let misfit = family.Misfit mixture.Parameters

                Seq.tryFind (fun block -> (misfit block).IsSome) >> Option.map _.FirstRow >> Option.defaultValue -1L
          Merge = fun first later -> if first < 0L then later else first
          ToNumbers = fun row -> [| float row |]
          OfNumbers = fun _ numbers -> int64 numbers[0] }

    /// Returns an error for the first number of remote rows that is outside the domain of a family, by a mixture of it.
    let requireDomain (family: Family<'θ>) (mixture: Mixture<'θ>) (execution: Execution) (source: Source) =
        match source |> Scan.run execution misfitting (family, mixture) with
        | -1L -> Ok()
        | row ->
            match source.Read(row / int64 source.BlockRows) |> family.Misfit mixture.Parameters with
            | Some error -> Error error
            | None ->
                let reason = $"row {row} is in the domain of {family.Name} here, but not on the machine that has it"
                Error(UnavailableBackend("remote rows", reason, "All machines must have the same version of Gmm"))
