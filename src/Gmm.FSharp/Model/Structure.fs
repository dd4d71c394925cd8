namespace Gmm

/// The covariances that the components of a Gaussian mixture may have: a shape, with a matrix for each component or one
/// for all (tied). mclust calls the structures VVV, VVI, VII, EEE, EEI, EII.
type Structure =
    /// Every component has its own symmetric matrix.
    | Full
    /// Every component has its own variances. Features are independent within a component.
    | Diag
    /// Every component has one variance for all features (isotropic).
    | Spherical
    /// One symmetric matrix for all components.
    | TiedFull
    /// One set of variances for all components.
    | TiedDiag
    /// One variance for all features and all components.
    | TiedSpherical

/// The covariance structures: name, layout and number of free parameters of each. `GaussianMStep` has the
/// estimators.
module Structure =
    /// All structures. Files store a structure as its index in this list, so new structures go to the end.
    let all = [ Full; Diag; Spherical; TiedFull; TiedDiag; TiedSpherical ]

    /// Returns the layout of the covariances, and of the second moments from which they are estimated.
    let layout structure : Layout =
        match structure with
        | Full -> Layout.own Shape.Full
        | Diag -> Layout.own Shape.Diag
        | Spherical -> Layout.own Shape.Spherical
        | TiedFull -> Layout.tied Shape.Full
        | TiedDiag -> Layout.tied Shape.Diag
        | TiedSpherical -> Layout.tied Shape.Spherical

    /// Returns the name of a structure, spelled as in scikit-learn and tgmm: full, tied_full, diag …
    let name structure =
        match structure with
        | Full -> "full"
        | Diag -> "diag"
        | Spherical -> "spherical"
        | TiedFull -> "tied_full"
        | TiedDiag -> "tied_diag"
        | TiedSpherical -> "tied_spherical"

    /// Other names for some structures.
    let private aliases = [ "isotropic", Spherical; "tied", TiedFull ]

    /// Returns the structure with a given name, which may also be "isotropic" (spherical) or "tied" (tied_full). Error
    /// when no structure has that name.
    let parse (text: string) : Result<Structure, GmmError> =
        let text = if isNull text then "" else text
        let spelled = text.Trim().ToLowerInvariant().Replace('-', '_')
        let names = [ for structure in all -> name structure, structure ] @ aliases

        match names |> List.tryFind (fun (name, _) -> name = spelled) with
        | Some(_, structure) -> Ok structure
        | None ->
            let known = names |> List.map fst |> String.concat ", "
            Error(InvalidOption("Structure", $"one of {known}", $"\"{text}\""))

    /// Returns the number of free parameters in the covariances of K components of D features: K·D(D+1)/2, K·D or K;
    /// 1/K of that when tied.
    let freeParameters components features structure =
        let layout = layout structure

        Layout.planes components layout
        * match layout.Shape with
          | Shape.Full -> features * (features + 1) / 2
          | Shape.Diag -> features
          | Shape.Spherical -> 1
