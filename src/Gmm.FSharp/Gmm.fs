namespace Gmm

/// The front door of the library: fits mixtures of any kind of component.
module Gmm =
    /// Returns the default options for a kind: one component; the start `Auto` from seed 0; EM until the change
    /// of the objective and its remaining gain are below 1e-6, at most 1000 iterations; no prior on the weights; the kernels on all cores. The kind's own
    /// settings are in `Family`:
    /// `{ Gmm.defaultsOf Poisson.family with Components = 2; Family.Prior = Poisson.gamma 2.0 1.0 }`.
    /// (k-means has its own defaults: `KMeans.defaults`.)
    let defaultsOf (kind: 'kind) : FitOptions<'kind, 'θ> when 'kind :> Kind<'θ> = FitOptions.ofKind kind

    /// The default options for Gaussian components with full covariances: `{ Gmm.defaults with Components = 3;
    /// Family.Structure = TiedDiag }`.
    let defaults: FitOptions<GaussianKind, Gaussian> = defaultsOf GaussianKind.defaults

    /// Fits a mixture: runs EM from every seed and returns the fit with the best objective. Error when options or data
    /// break a rule, when the backend can't be used, or when every run failed because a component collapsed, a covariance
    /// became singular or a likelihood is unbounded. A fit that hasn't converged is not an error: see `Fit.Converged`.
    let fit (options: FitOptions<'kind, 'θ>) (source: Source) : Result<Fit<'θ>, GmmError> when 'kind :> Kind<'θ> =
        Fitting.fit options source
