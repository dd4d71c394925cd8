namespace Gmm.CSharp;

/// <summary>The fourteen covariance structures of a Gaussian mixture.</summary>
/// <remarks>
/// Σₖ = λₖ Dₖ Aₖ Dₖᵀ has a volume λₖ, a shape Aₖ and an orientation Dₖ, which are the same in all components or not
/// (Celeux and Govaert 1995). scikit-learn and mclust know the first six as full (VVV), diag (VVI), spherical (VII),
/// tied (EEE), EEI and EII. The others have mclust's names: three letters for volume, shape and orientation, E for
/// equal, V for variable, I for the axes.
/// </remarks>
public enum CovarianceType
{
    /// <summary>Every component its own symmetric matrix: K·D(D+1)/2 free parameters.</summary>
    Full,

    /// <summary>
    /// Every component its own variances, features independent within a component: K·D free parameters.
    /// </summary>
    Diag,

    /// <summary>Every component one variance for all features (isotropic): K free parameters.</summary>
    Spherical,

    /// <summary>One symmetric matrix for all components: D(D+1)/2 free parameters.</summary>
    TiedFull,

    /// <summary>One set of variances for all components: D free parameters.</summary>
    TiedDiag,

    /// <summary>One variance for everything: 1 free parameter.</summary>
    TiedSpherical,

    /// <summary>Variances in the same ratios, of any volume: Σₖ = λₖ A, K + D − 1 free parameters.</summary>
    VEI,

    /// <summary>Variances of equal product: Σₖ = λ Aₖ, 1 + K(D−1) free parameters.</summary>
    EVI,

    /// <summary>Multiples of one symmetric matrix: Σₖ = λₖ D A Dᵀ, K − 1 + D(D+1)/2 free parameters.</summary>
    VEE,

    /// <summary>
    /// Matrices of equal determinant with the same eigenvectors: Σₖ = λ D Aₖ Dᵀ, 1 + K(D−1) + D(D−1)/2 free parameters.
    /// </summary>
    EVE,

    /// <summary>Matrices with the same eigenvectors: Σₖ = λₖ D Aₖ Dᵀ, K·D + D(D−1)/2 free parameters.</summary>
    VVE,

    /// <summary>Rotations of one matrix: Σₖ = λ Dₖ A Dₖᵀ, D + K·D(D−1)/2 free parameters.</summary>
    EEV,

    /// <summary>
    /// Multiples of rotations of one matrix: Σₖ = λₖ Dₖ A Dₖᵀ, K + D − 1 + K·D(D−1)/2 free parameters.
    /// </summary>
    VEV,

    /// <summary>Matrices of equal determinant: Σₖ = λ Dₖ Aₖ Dₖᵀ, 1 + K(D−1) + K·D(D−1)/2 free parameters.</summary>
    EVV,
}

/// <summary>How the start of a mixture is found.</summary>
/// <remarks>
/// Rows are compared by their numbers for Gaussians, and by their statistics T(x) for other families; in a product each
/// of these is divided by its standard deviation over the data. For other families, "wide as the data" means halfway
/// between the row and the mean of all data.
/// </remarks>
public enum InitMethod
{
    /// <summary>
    /// One run of k-means, and the best of ten short runs of EM from random rows; EM runs both to convergence, and the
    /// better one wins.
    /// </summary>
    /// <remarks>
    /// (Biernacki, Celeux and Govaert 2003.) The short runs see at most 2,000 rows, or ten for each free parameter. On
    /// large data, EM on a sample leads each candidate near a maximum before its run on all rows begins, and the second
    /// candidate is left out once it joins the first. With three components or more, components move where that raises the objective: one
    /// that adds little is removed, and one whose rows form two groups is split (after Ueda, Nakano, Ghahramani and
    /// Hinton 2000).
    /// </remarks>
    Auto,

    /// <summary>
    /// <see cref="Auto"/> with forty short runs and a model-based hierarchical start on at most 2,000 rows (Fraley
    /// 1998).
    /// </summary>
    /// <remarks>It takes several times as long.</remarks>
    Thorough,

    /// <summary>One run of k-means; the first mixture is the M-step of its clusters.</summary>
    KMeans,

    /// <summary>
    /// Rows chosen by greedy k-means++ (Arthur and Vassilvitskii 2007), components as wide as the data.
    /// </summary>
    KPlusPlus,

    /// <summary>Random distinct rows, components as wide as the data.</summary>
    Points,

    /// <summary>
    /// Rows far from one another, each the farthest from the nearest of those before it, components as wide as the
    /// data.
    /// </summary>
    /// <remarks>Farthest-first traversal (Gonzalez 1985); tgmm's <c>maxdist</c>.</remarks>
    FarthestFirst,

    /// <summary>
    /// Draws from the normal distribution with the data's mean and covariance, components as wide as the data.
    /// </summary>
    /// <remarks>tgmm's <c>random</c>. For Gaussian columns only: such draws may be no probabilities or rates.</remarks>
    Random,

    /// <summary>
    /// Random responsibilities, each row's uniform over all that sum to 1; the first mixture is their M-step.
    /// </summary>
    /// <remarks>scikit-learn's <c>random</c>.</remarks>
    RandomResponsibilities,
}

/// <summary>When a mixture has converged.</summary>
public enum StoppingRule
{
    /// <summary>
    /// When the change of the objective, and Aitken's estimate of its remaining gain, are below the tolerance.
    /// </summary>
    /// <remarks>
    /// (Böhning and others 1994.) EM makes small steps long before it reaches the maximum, which this rule takes into
    /// account.
    /// </remarks>
    Aitken,

    /// <summary>
    /// When the change of the objective is below the tolerance, the rule of scikit-learn and most other programs.
    /// </summary>
    Change,
}

/// <summary>How a fit reaches a limit of EM.</summary>
public enum Acceleration
{
    /// <summary>By plain EM: every iterate is the M-step of the one before.</summary>
    None,

    /// <summary>By extrapolating EM steps (SQUAREM); the objective never falls, and every limit is one of EM.</summary>
    /// <remarks>
    /// (Varadhan and Roland 2008.) It cuts the E-steps of slow fits several times over. An extrapolation counts only if
    /// its objective is at least that of the EM steps.
    /// </remarks>
    Squarem,
}

/// <summary>
/// How the covariance of the estimates of a fit follows from sₙ = ∂ ln p(xₙ|θ)/∂θ, the score of row n.
/// </summary>
public enum Information
{
    /// <summary>I⁻¹, with the observed information I = −∂²(ln L + ln prior)/∂θ∂θᵀ (Efron and Hinkley 1978).</summary>
    /// <remarks>
    /// It holds if the data come from a mixture of the fitted kind; otherwise errors, above all those of variances, may
    /// be too small.
    /// </remarks>
    Observed,

    /// <summary>I⁻¹BI⁻¹, with B = Σₙ wₙsₙsₙᵀ (Huber 1967; White 1982).</summary>
    /// <remarks>
    /// It holds for any data, as an estimate of the error of the parameters nearest to the data's distribution.
    /// </remarks>
    Sandwich,

    /// <summary>B⁻¹ (Berndt, Hall, Hall and Hausman 1974).</summary>
    /// <remarks>It takes the least computation, and no prior counts.</remarks>
    OuterProduct,
}

/// <summary>How the data of a replicate follow from those of a fit.</summary>
/// <remarks>n = Σₙ wₙ counts rows with their copies: a sample weight is a number of copies.</remarks>
public enum Resampling
{
    /// <summary>n rows of the data, drawn with replacement (Efron 1979).</summary>
    Nonparametric,

    /// <summary>n rows drawn from the fitted mixture, with the missing cells of the data.</summary>
    Parametric,

    /// <summary>
    /// The data with random weights, a uniform point of the simplex (Newton and Raftery 1994; O'Hagan, Murphy, Scrucca
    /// and Gormley 2019).
    /// </summary>
    /// <remarks>No row gets the weight 0, so that small components stay.</remarks>
    WeightedLikelihood,

    /// <summary>The data without one row, for every row in turn.</summary>
    Jackknife,
}

/// <summary>What NaN in the data means.</summary>
public enum MissingData
{
    /// <summary>NaN is an error.</summary>
    Reject,

    /// <summary>
    /// NaN is a missing cell. Rows count with the cells that they have: EM maximises the likelihood of the observed
    /// cells.
    /// </summary>
    /// <remarks>
    /// (Ghahramani and Jordan 1994; Little and Rubin, Statistical Analysis with Missing Data, 2019, ch. 11.) It holds
    /// if cells are missing at random: whether a cell is missing may depend on the observed cells of its row, but not
    /// on its own value.
    /// </remarks>
    Fit,
}

/// <summary>How the starting covariances of a Gaussian mixture are found.</summary>
public enum CovarianceInitMethod
{
    /// <summary>
    /// The start makes them: of the clusters that k-means finds, of labels or responsibilities; around means, that of
    /// the data.
    /// </summary>
    OfStart,

    /// <summary>That of all data, for every component.</summary>
    Empirical,

    /// <summary>The identity matrix for every component.</summary>
    /// <remarks>tgmm's <c>eye</c>.</remarks>
    Identity,

    /// <summary>
    /// Positive definite draws from the Wishart distribution with D + 2 degrees of freedom whose mean is that of the
    /// data.
    /// </summary>
    Random,
}

/// <summary>The kind of prior on the weights of a Bayesian mixture.</summary>
public enum WeightConcentrationPriorType
{
    /// <summary>The weights of a Dirichlet process, truncated to K components: πₖ = vₖ Πⱼ (1−vⱼ) over j before k, with vₖ ~ Beta(1, γ).</summary>
    /// <remarks>Earlier components have more weight a priori (Blei and Jordan 2006). scikit-learn's <c>dirichlet_process</c>.</remarks>
    DirichletProcess,

    /// <summary>π ~ Dirichlet(α₀, …, α₀), in which the components are alike.</summary>
    /// <remarks>scikit-learn's <c>dirichlet_distribution</c>.</remarks>
    DirichletDistribution,
}

/// <summary>How the starting centers of k-means are found.</summary>
public enum KMeansInitMethod
{
    /// <summary>Rows chosen by greedy k-means++ (Arthur and Vassilvitskii 2007).</summary>
    KPlusPlus,

    /// <summary>Random distinct rows.</summary>
    Points,

    /// <summary>
    /// Rows far from one another, each the farthest from the nearest of those before it (Gonzalez 1985).
    /// </summary>
    FarthestFirst,

    /// <summary>Draws from the normal distribution with the data's mean and covariance.</summary>
    Random,

    /// <summary>The means of random responsibilities, each row's uniform over all that sum to 1.</summary>
    RandomResponsibilities,
}
