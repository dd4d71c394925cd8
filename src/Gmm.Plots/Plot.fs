namespace Gmm

open Gmm.Plots

/// Draws mixtures, how they were fitted, and how they were chosen. Each function returns a `Figure`: text as SVG or
/// HTML, or a file. The same fit and data give the same figure.
module Plot =
    /// The defaults: 720×480 pixels; ellipses at 1, 2 and 3 σ, weighted, with the means; at most 5,000 points in the
    /// colours of their components; the pair of features that separates best; no title.
    let defaults =
        { Title = ""
          Columns = [||]
          ColumnNames = [||]
          Classes = None
          Colour = PointColour.Component
          PointSize = None
          PointOpacity = 0.55
          MaxPoints = 5000
          Sigmas = [| 1.0; 2.0; 3.0 |]
          EllipseFill = 0.09
          Means = true
          StartMeans = false
          ByWeight = true
          Legend = true
          Width = 720
          Height = 480 }

    /// Finds the two features i < j that separate the components best: those with the largest tr(W⁻¹B) (the
    /// Lawley–Hotelling trace). W = Σₖ πₖ Σₖ is the covariance within the components, B = Σₖ πₖ (μₖ−μ)(μₖ−μ)ᵀ the
    /// covariance between them, both of the two features alone. It takes the first of equal pairs, and returns 0 twice
    /// when there is only one feature.
    let bestColumns (fit: Fit<Gaussian>) : int * int =
        match Sketch.ofFit fit |> Sketch.bestColumns 2 fit.Parameters.Features with
        | [| i; j |] -> i, j
        | _ -> 0, 0

    // ── Features and rows ───────────────────────────────────────────────────────────────────────────────────────────

    /// Draws the density Σₖ πₖ N(x|μₖⱼ, Σₖⱼⱼ) of one feature j, and the density of every component, over a histogram of
    /// all rows (2 ∛N bins of equal width, at most 80). Error when options, data and fit don't belong together.
    let density (options: PlotOptions) (fit: Fit<Gaussian>) (source: Source) : Result<Figure, GmmError> =
        Density.figure options fit source

    /// Draws the rows as points in the plane of two features, with the means of the components and their ellipses
    /// (x−μₖ)ᵀΣₖ⁻¹(x−μₖ) = σ² of the marginal 2×2 covariances. For data of one feature it draws the `density` instead.
    /// Colours show the component, the true class or the density of each point. Centroids have no ellipses, and other
    /// families no means. Error when options, data and fit don't belong together.
    let scatter (options: PlotOptions) (fit: Fit<'θ>) (source: Source) : Result<Figure, GmmError> =
        Plane.scatter options fit source

    /// Draws the rows as points in the plane of two features, coloured by any labels (N), such as classes or clusters.
    /// Error when options, data and labels don't belong together.
    let labelled (options: PlotOptions) (source: Source) (labels: 'L[]) : Result<Figure, GmmError> =
        Plane.labelled options source labels

    /// Draws several fits of the same data side by side on the same axes, each under its name. Components matched to
    /// those of the first fit (`Comparison.ofFits`) share their colours and numbers; the legend lists their weights.
    /// Errors as `scatter`, and when the fits are of different families.
    let compare (options: PlotOptions) (fits: (string * Fit<'θ>) list) (source: Source) : Result<Figure, GmmError> =
        Compared.figure options fits source

    /// Draws every pair of features as a small `scatter`, and on the diagonal the `density` of every feature over a
    /// histogram. It takes two to eight features: those of the options, or all. Error when options, data and fit don't
    /// belong together.
    let pairs (options: PlotOptions) (fit: Fit<Gaussian>) (source: Source) : Result<Figure, GmmError> =
        Pairs.figure options fit source

    // ── Iterations ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Draws the weight πₖ of every component at the start and after every iteration. Error when the fit kept no
    /// history.
    let weights (options: PlotOptions) (fit: Fit<'θ>) : Result<Figure, GmmError> = Iterations.weights options fit

    /// Draws the objective (Σₙ wₙ ln p(xₙ) + ln prior) / Σₙ wₙ at the start and after every iteration. Only
    /// `Absolute` regularisation, or rounding, can make it decrease. Error when the options break their rule, or when the
    /// mixture was made elsewhere and fitted to no data.
    let objective (options: PlotOptions) (fit: Fit<'θ>) : Result<Figure, GmmError> = Iterations.objective options fit

    /// Draws the `scatter` of every iterate, one per frame, beside the `objective`. It shows at most 2,000 points and
    /// 60 frames: the first 30 iterates, and then a selection of the others. Errors as `scatter`, and when the fit kept
    /// no history.
    let animation (options: PlotOptions) (fit: Fit<'θ>) (source: Source) : Result<Figure, GmmError> =
        Iterations.animation options fit source

    // ── Lines ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Draws lines through given points, each with its name beside its end, over axes with these titles. Error when
    /// there is no line, when a line has no points, or when a number is not finite.
    let curves
        (options: PlotOptions)
        (horizontal: string)
        (vertical: string)
        (lines: (string * (float * float)[]) list)
        : Result<Figure, GmmError> =
        Curves.figure options horizontal vertical lines

    // ── Selection ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// Draws BIC and ICL of all candidates over the number of components, and AIC when it was the criterion: one line
    /// per structure or family, a ring around the best candidate. Lower is better. Bad candidates don't stretch the axis:
    /// half of the values take at least a quarter of its height above the lowest one. A triangle at the edge stands for
    /// a candidate beyond it, and the caption counts these. Error when the options break their rule.
    let criteria (options: PlotOptions) (selection: Selection<'θ>) : Result<Figure, GmmError> =
        Criteria.figure options selection

    // ── Images ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Draws rows of numbers as images `width` pixels wide, row by row from the top, each with its name. Pixels go from
    /// 0, the background, to 1, the ink; when a number is not between 0 and 1, they go from the smallest number of all
    /// to the largest. The images set the height of the figure. Error when `width` does not divide the numbers of a
    /// row, or when a number is not finite.
    let images (options: PlotOptions) (width: int) (names: string[]) (values: float[,]) : Result<Figure, GmmError> =
        Images.grid "level" options width names values

    /// Draws the means of the components as images `width` pixels wide, as `images` does: P(1) of Bernoulli components,
    /// μₖ of Gaussian ones, the centres of clusters. Errors as `images`, and for other families.
    let meanImages (options: PlotOptions) (width: int) (fit: Fit<'θ>) : Result<Figure, GmmError> =
        Images.means options width fit
