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
        /// Returns the parameters with W as it was saved, to the last bit. It equals the W of Σ up to rounding, which
        /// ill-conditioned matrices enlarge.
        let withFactors (computed: Gaussian) =
            match Map.tryFind "inverseFactors" state with
            | None -> Ok computed
            | Some _ ->
                result {
                    let! saved = State.ofShape computed.InverseFactors.shape "inverseFactors" state
                    let expected = computed.InverseFactors.toArray ()
                    let scale = expected |> Array.fold (fun largest w -> max largest (abs w)) 0.0
                    let isClose a b = abs (a - b) <= 1e-3 * scale && (b <> 0.0 || a = 0.0)

                    do!
                        GmmError.requireAll
                            [ Array.forall2 isClose (saved.toArray ()) expected,
                              "inverseFactors",
                              "the inverse factors of the covariances (omit the entry to have them computed)",
                              string saved ]

                    return { computed with InverseFactors = saved }
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

            let! computed =
                if GaussianParameters.areSymmetric features layout planes then
                    GaussianParameters.ofPlanes structure features (means.toArray ()) (covariances.toArray ())
                    |> Result.mapError (fun _ -> rule)
                else
                    Error rule

            return! withFactors computed
        }

    /// Returns the settings as arrays: the priors, laid out for all components, and the amounts added to the
    /// covariances.
    let settings (prior: GaussianPrior) (regularisation: float[] option) (gaussian: Gaussian) : State =
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
              | Some variances -> "regularisation", Tensor.vector variances
              | None -> () ]

    /// Returns the prior and regularisation in the settings, checked for such parameters.
    let ofSettings (gaussian: Gaussian) (state: State) : Result<GaussianPrior * float[] option, GmmError> =
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

            let! regularisation =
                optional "regularisation" (fun () -> State.ofShape [| features |] "regularisation" state)

            let amounts = regularisation |> Option.map _.toArray()
            let isAmount amount = amount >= 0.0 && amount < infinity
            let text = regularisation |> Option.map string |> Option.defaultValue ""

            do!
                GmmError.requireAll
                    [ amounts |> Option.forall (Array.forall isAmount), "regularisation", "0 or more, and finite", text ]

            let! prior = GaussianPrior.create components features gaussian.Structure onMeans onCovariances
            return prior, amounts
        }
