namespace Gmm

open System

/// Converts Gaussian components to named arrays and back.
module internal GaussianStorage =
    let toState (gaussian: Gaussian) : State =
        Map
            [ State.choice "structure" (Structure.name gaussian.Structure)
              "means", gaussian.Means
              "covariances", gaussian.Covariances
              "inverseFactors", gaussian.InverseFactors ]

    let ofState (state: State) : Result<Gaussian, GmmError> =
        /// Returns the parameters with W as it was saved, to the last bit. Its covariance (WᵀW)⁻¹ must be the saved one; the
        /// reverse, W from the covariance, loses digits where the matrix is ill-conditioned. `computed` gives the parameters
        /// with W computed, or the error of the covariances.
        let withFactors structure (means: Tensor) (covariances: Tensor) (computed: unit -> Result<Gaussian, GmmError>) =
            let layout = Structure.layout structure
            let components, features = means.shape[0], means.shape[1]
            let count, size = Layout.planes components layout, Layout.planeSize features layout
            let shape = Array.append [| count |] (Layout.planeShape features layout)

            result {
                let! saved = State.ofShape shape "inverseFactors" state
                let factors, planes = saved.toArray (), covariances.toArray ()

                let isFactor p =
                    GaussianParameters.isInverseFactor
                        features
                        layout
                        (Array.sub planes (p * size) size)
                        (Array.sub factors (p * size) size)

                if Seq.forall isFactor (seq { 0 .. count - 1 }) then
                    return
                        { Structure = structure
                          Means = means
                          Covariances = covariances
                          InverseFactors = saved }
                else
                    let! _ = computed ()

                    return!
                        Error(
                            InvalidOption(
                                "inverseFactors",
                                "the inverse factors of the covariances (omit the entry to have them computed)",
                                string saved
                            )
                        )
            }

        result {
            let! word = State.word "structure" state
            let! structure = Structure.parse word
            let! means = State.matrix "means" state
            do! State.requireFinite "means" means
            let components, features = means.shape[0], means.shape[1]
            let layout = Structure.layout structure
            let shape = Layout.covarianceShape components features layout
            let! covariances = State.ofShape shape "covariances" state
            let planes = covariances.toArray () |> Array.chunkBySize (Layout.planeSize features layout)
            let rule = InvalidOption("covariances", "symmetric and positive definite", string covariances)

            let computed () =
                GaussianParameters.ofPlanes structure features (means.toArray ()) (covariances.toArray ())
                |> Result.mapError (fun _ -> rule)

            let! gaussian =
                if not (GaussianParameters.areSymmetric features layout planes) then
                    Error rule
                elif Map.containsKey "inverseFactors" state then
                    withFactors structure means covariances computed
                else
                    computed ()

            do! GaussianEstimators.requireWithin "covariances" gaussian
            return gaussian
        }

    /// Returns the settings as arrays: the priors, laid out for all components, and the variances of the
    /// regularisation.
    let settings (prior: GaussianPrior) (regularisation: CovarianceRegularisation option) (gaussian: Gaussian) : State =
        let components, features = gaussian.Components, gaussian.Features

        Map
            [ match prior.OnMeans with
              | Some(means, precision) ->
                  "meanPrior", Tensor.create [| components; features |] means
                  "meanPrecisionPrior", Tensor.scalar precision
              | None -> ()

              match prior.OnCovariances with
              | Some(planes, degrees) ->
                  let shape = Layout.covarianceShape components features gaussian.Layout
                  "covariancePrior", Tensor.create shape planes
                  "degreesOfFreedomPrior", Tensor.scalar degrees
              | None -> ()

              match regularisation with
              | Some(Added variances) -> "regularisation", Tensor.vector variances
              | Some(AtLeast variances) -> "floor", Tensor.vector variances
              | None -> () ]

    /// Returns the prior and regularisation in the settings, checked for such parameters.
    let ofSettings
        (gaussian: Gaussian)
        (state: State)
        : Result<GaussianPrior * CovarianceRegularisation option, GmmError> =
        let components, features = gaussian.Components, gaussian.Features

        let optional name (read: unit -> Result<'T, GmmError>) =
            if Map.containsKey name state then Result.map Some (read ()) else Ok None

        result {
            let! onMeans =
                optional "meanPrior" (fun () ->
                    result {
                        let! mean = State.ofShape [| components; features |] "meanPrior" state
                        let! precision = State.scalar "meanPrecisionPrior" state
                        return { Mean = mean; Precision = precision }
                    })

            let! onCovariances =
                optional "covariancePrior" (fun () ->
                    result {
                        let shape = Layout.covarianceShape components features gaussian.Layout
                        let! scale = State.ofShape shape "covariancePrior" state
                        let! degrees = State.scalar "degreesOfFreedomPrior" state
                        return { Scale = scale; Degrees = degrees }
                    })

            let variances name =
                optional name (fun () ->
                    result {
                        let! variances = State.ofShape [| features |] name state
                        let isVariance amount = amount >= 0.0 && amount < infinity

                        do!
                            GmmError.requireAll
                                [ Array.forall isVariance (variances.toArray ()),
                                  name,
                                  "0 or more, and finite",
                                  string variances ]

                        return variances.toArray ()
                    })

            let! added = variances "regularisation"
            let! least = variances "floor"

            let regularisation = least |> Option.map AtLeast |> Option.orElse (Option.map Added added)

            let! prior = GaussianPrior.create components features gaussian.Structure onMeans onCovariances
            return prior, regularisation
        }
