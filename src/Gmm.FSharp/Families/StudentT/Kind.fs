namespace Gmm

/// Student's t components with their settings.
[<NoEquality; NoComparison>]
type StudentTKind =
    {
        /// The settings of locations and scale matrices, which are those of means and covariances of Gaussian
        /// components.
        Gaussian: GaussianKind
        /// How degrees of freedom are found.
        DegreesOfFreedom: DegreesOfFreedom
    }

    /// Returns the degrees of freedom to start from in place of those of a start, where ∞ are none.
    member private kind.Start(found: float[]) : float[] =
        let orStart nu = if nu = infinity then DegreesOfFreedom.start else nu
        let withinLimits = orStart >> max DegreesOfFreedom.smallest >> min DegreesOfFreedom.largest

        match kind.DegreesOfFreedom with
        | DegreesOfFreedom.Given nu -> found |> Array.map (fun _ -> nu)
        | DegreesOfFreedom.Estimated -> found |> Array.map withinLimits
        | DegreesOfFreedom.Equal ->
            let common = found |> Array.averageBy withinLimits
            found |> Array.map (fun _ -> common)

    interface Kind<StudentT> with
        member kind.Name =
            let degrees =
                match kind.DegreesOfFreedom with
                | DegreesOfFreedom.Estimated -> ""
                | DegreesOfFreedom.Equal -> " equal ν"
                | DegreesOfFreedom.Given nu -> $" ν = {string nu}"

            $"student_t {Structure.name kind.Gaussian.Structure}{degrees}"

        member kind.Check(components, columns, start) =
            result {
                do! (kind.Gaussian :> Kind<Gaussian>).Check(components, columns, start |> Option.map _.Gaussian)

                match kind.DegreesOfFreedom with
                | DegreesOfFreedom.Given nu -> do! DegreesOfFreedom.require "DegreesOfFreedom" [| nu |]
                | DegreesOfFreedom.Estimated
                | DegreesOfFreedom.Equal -> ()
            }

        member _.Misfit _ = None

        member kind.Measure(components, source, execution) =
            kind.Gaussian.MeasureParts(components, source, execution)
            |> Result.map (fun (prior, regularisation, gaussian) ->
                // Statistics about Gaussian components have no latent precisions yet, so that the first M-step is the Gaussian one.
                let placed (place: float[,] -> Result<Gaussian, GmmError>) = place >> Result.map StudentT.ofGaussian
                let family = StudentT.familyWith prior regularisation kind.DegreesOfFreedom

                { Measured.ofFamily family source.Columns (placed gaussian.Around) with
                    Provisional = placed gaussian.Provisional
                    Revise =
                        fun seed t ->
                            gaussian.Revise seed t.Gaussian
                            |> Result.map (fun revised -> StudentT.ofParts revised (kind.Start t.DegreesOfFreedom))
                    IsRandom = gaussian.IsRandom
                    Regularity =
                        { Irregular = fun rows t -> gaussian.Regularity.Irregular rows t.Gaussian
                          Widened =
                            fun rows t ->
                                gaussian.Regularity.Widened rows t.Gaussian
                                |> Result.map (fun widened -> StudentT.ofParts widened t.DegreesOfFreedom) }
                    IsExact = gaussian.IsExact })

/// Student's t components as a kind.
module StudentTKind =
    /// The default settings: those of Gaussian components, and estimated degrees of freedom.
    let defaults: StudentTKind =
        { Gaussian = GaussianKind.defaults
          DegreesOfFreedom = DegreesOfFreedom.Estimated }
