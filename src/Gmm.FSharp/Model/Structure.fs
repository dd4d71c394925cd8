namespace Gmm

open System

/// The covariances that the components of a Gaussian mixture may have. Σₖ = λₖ Dₖ Aₖ Dₖᵀ has a volume λₖ = |Σₖ|^(1/D),
/// a shape Aₖ (diagonal, |Aₖ| = 1) and an orientation Dₖ (its eigenvectors). Each of the three may be the same in all
/// components or not, which makes fourteen structures (Celeux and Govaert 1995). Eight of them have mclust's names:
/// three letters for volume, shape and orientation, E for equal, V for variable, I for identity.
type Structure =
    /// Every component has its own symmetric matrix; mclust's VVV.
    | Full
    /// Every component has its own variances. Features are independent within a component; mclust's VVI.
    | Diag
    /// Every component has one variance for all features (isotropic); mclust's VII.
    | Spherical
    /// One symmetric matrix for all components; mclust's EEE.
    | TiedFull
    /// One set of variances for all components; mclust's EEI.
    | TiedDiag
    /// One variance for all features and all components; mclust's EII.
    | TiedSpherical
    /// Variances whose ratios are the same in all components: Σₖ = λₖ A.
    | VEI
    /// Variances whose product is the same in all components: Σₖ = λ Aₖ.
    | EVI
    /// Multiples of one symmetric matrix: Σₖ = λₖ D A Dᵀ.
    | VEE
    /// Matrices of equal determinant with the same eigenvectors: Σₖ = λ D Aₖ Dᵀ.
    | EVE
    /// Matrices with the same eigenvectors: Σₖ = λₖ D Aₖ Dᵀ.
    | VVE
    /// Rotations of one matrix: Σₖ = λ Dₖ A Dₖᵀ.
    | EEV
    /// Multiples of rotations of one matrix: Σₖ = λₖ Dₖ A Dₖᵀ.
    | VEV
    /// Matrices of equal determinant: Σₖ = λ Dₖ Aₖ Dₖᵀ.
    | EVV

/// What the components of a structure do with the volume, the shape or the orientation of their covariances.
[<RequireQualifiedAccess>]
type Variation =
    /// All components have the same; mclust's E.
    | Equal
    /// Every component has its own; mclust's V.
    | Variable
    /// That of the identity: a sphere if it is the shape, the axes if it is the orientation; mclust's I.
    | Identity

/// The covariance structures: names, layout and number of free parameters of each. `GaussianEstimators`
/// has the estimators.
module Structure =
    /// All structures. Files store a structure as its index in this list, so new structures go to the end.
    let all = [ Full; Diag; Spherical; TiedFull; TiedDiag; TiedSpherical; VEI; EVI; VEE; EVE; VVE; EEV; VEV; EVV ]

    /// The facts of every structure: its name, mclust's name, and the layout of its covariances.
    let private facts structure : string * string * Layout =
        match structure with
        | Full -> "full", "VVV", Layout.own Shape.Full
        | Diag -> "diag", "VVI", Layout.own Shape.Diag
        | Spherical -> "spherical", "VII", Layout.own Shape.Spherical
        | TiedFull -> "tied_full", "EEE", Layout.tied Shape.Full
        | TiedDiag -> "tied_diag", "EEI", Layout.tied Shape.Diag
        | TiedSpherical -> "tied_spherical", "EII", Layout.tied Shape.Spherical
        | VEI -> "VEI", "VEI", Layout.own Shape.Diag
        | EVI -> "EVI", "EVI", Layout.own Shape.Diag
        | VEE -> "VEE", "VEE", Layout.own Shape.Full
        | EVE -> "EVE", "EVE", Layout.own Shape.Full
        | VVE -> "VVE", "VVE", Layout.own Shape.Full
        | EEV -> "EEV", "EEV", Layout.own Shape.Full
        | VEV -> "VEV", "VEV", Layout.own Shape.Full
        | EVV -> "EVV", "EVV", Layout.own Shape.Full

    /// Returns the layout of the covariances, and of the second moments from which they are estimated.
    let layout structure : Layout =
        let _, _, layout = facts structure
        layout

    /// Returns the name of a structure: as in scikit-learn and tgmm where they have it (full, tied_full, diag …),
    /// otherwise mclust's (VEI …).
    let name structure =
        let name, _, _ = facts structure
        name

    /// Returns mclust's name of a structure: VVV for full, EEE for tied_full …
    let mclustName structure =
        let _, name, _ = facts structure
        name

    /// Returns how volume, shape and orientation vary between the components: the three letters of mclust's name.
    let parts structure : Variation * Variation * Variation =
        let part (letter: char) =
            if letter = 'E' then Variation.Equal
            elif letter = 'V' then Variation.Variable
            else Variation.Identity

        let letters = mclustName structure
        part letters[0], part letters[1], part letters[2]

    /// Tests whether each matrix of a structure is estimated from its own second moments alone. It is, unless components share
    /// one of volume, shape and orientation and own another: in VEI … EVV every matrix depends on the others.
    let isPlanewise structure =
        let volume, shape, orientation = parts structure
        let all = [ volume; shape; orientation ]
        not (List.contains Variation.Equal all && List.contains Variation.Variable all)

    /// Returns a structure in words, such as "variable volume, equal shape, variable orientation".
    let words structure =
        let word variation =
            match variation with
            | Variation.Equal -> "equal"
            | Variation.Variable -> "variable"
            | Variation.Identity -> "identity"

        let volume, shape, orientation = parts structure
        $"{word volume} volume, {word shape} shape, {word orientation} orientation"

    /// Other names for some structures; E and V are mclust's for one column.
    let private aliases = [ "isotropic", Spherical; "tied", TiedFull; "E", TiedSpherical; "V", Spherical ]

    /// Returns the structure with a given name, in any case and with or without spaces, - and _: `name`, `mclustName` or `words` of a structure,
    /// "isotropic" (spherical), "tied" (tied_full), or mclust's "E" (tied_spherical) or "V" (spherical) for one column.
    /// Error when no structure has that name.
    let parse (text: string) : Result<Structure, GmmError> =
        let text = if isNull text then "" else text

        let spelled (name: string) =
            name.ToLowerInvariant() |> String.filter (fun c -> not (Char.IsWhiteSpace c || c = '-' || c = '_'))

        let namedBy naming = [ for structure in all -> naming structure, structure ]

        let short = namedBy name @ aliases @ (namedBy mclustName |> List.except (namedBy name))

        match short @ namedBy words |> List.tryFind (fun (name, _) -> spelled name = spelled text) with
        | Some(_, structure) -> Ok structure
        | None ->
            let known = short |> List.map fst |> String.concat ", "
            Error(InvalidOption("Structure", $"one of {known}, or words such as \"{words VEV}\"", $"\"{text}\""))

    /// Returns the number of free parameters in the covariances of K components of D features: 1 or K for the volume,
    /// D − 1 or K(D − 1) for the shape, D(D − 1)/2 or K·D(D − 1)/2 for the orientation, 0 for the identity's shape or
    /// orientation (Celeux and Govaert 1995, table 1).
    let freeParameters components features structure =
        let count variation ofOne =
            match variation with
            | Variation.Equal -> ofOne
            | Variation.Variable -> components * ofOne
            | Variation.Identity -> 0

        let volume, shape, orientation = parts structure
        count volume 1 + count shape (features - 1) + count orientation (features * (features - 1) / 2)

    /// Returns the fewest rows from which a component's covariance can be estimated. With fewer than D + 1 rows a
    /// matrix of its own has a direction of variance 0, and an own shape lies along it; with one row it has no volume.
    /// A structure whose components own neither volume nor shape needs none.
    let internal fewestRows features structure =
        match parts structure with
        | _, Variation.Variable, (Variation.Equal | Variation.Variable) -> features + 1
        | _, Variation.Variable, Variation.Identity
        | Variation.Variable, (Variation.Equal | Variation.Identity), _ -> 2
        | (Variation.Equal | Variation.Identity), (Variation.Equal | Variation.Identity), _ -> 0
