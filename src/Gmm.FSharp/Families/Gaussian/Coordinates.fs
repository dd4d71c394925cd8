namespace Gmm

open System

/// Gaussian parameters as free coordinates: the means (K·D), then the covariances. Where the planes are independent of
/// one another, these are the inverse factors W: of each the logarithms of its diagonal (D, or 1 when spherical) and,
/// when it is full, the entries below the diagonal, row by row. VEI … EVV have coordinates of their own:
///   VEI, EVI  ln λₖ and ln aⱼ (all but the last, because Πⱼ aⱼ = 1), each once or for every component;
///   VEE       W of component 0 and ln λₖ/λ₀;
///   EVE, VVE  as EVI and VVI in the common eigenvectors, and the rotations that make these;
///   EEV, VEV  as EEI and VEI of the ascending eigenvalues, and the rotations that make every component's eigenvectors;
///   EVV       ln λ, and of every W its entries but the last one, which the determinant gives.
/// Eigenvectors are a product of rotations in D(D−1)/2 planes (i, j) by angles ω (Golub and Van Loan, Matrix
/// Computations §5.1.8), whose coordinates are t = tan ω/2: cos ω = (1−t²)/(1+t²), sin ω = 2t/(1+t²). Their signs don't
/// matter, so that |t| ≤ 1 makes all.
module internal GaussianCoordinates =
    /// Returns the positions in a plane of W of its diagonal, whose logarithms are coordinates, and of the entries
    /// below the diagonal.
    let private places features (layout: Layout) : int[] * int[] =
        match layout.Shape with
        | Shape.Full ->
            Array.init features (fun i -> i * (features + 1)),
            [| for i in 1 .. features - 1 do
                   for j in 0 .. i - 1 -> i * features + j |]
        | Shape.Diag -> Array.init features id, [||]
        | Shape.Spherical -> [| 0 |], [||]

    let private planes features layout (numbers: Tensor) =
        numbers.toArray () |> Array.chunkBySize (Layout.planeSize features layout)

    /// Returns Σ = W⁻¹W⁻ᵀ as a plane, from a plane of W.
    let private covariance features (layout: Layout) (w: float[]) : float[] =
        match layout.Shape with
        | Shape.Full ->
            // Column i of W⁻¹ solves Wx = eᵢ.
            let columns =
                Array.init features (fun i ->
                    LinearAlgebra.solveLower w (Array.init features (fun j -> if i = j then 1.0 else 0.0)))

            let sigma = Array.zeroCreate (features * features)

            for column in columns do
                LinearAlgebra.addOuter 1.0 (ReadOnlySpan column) (Span sigma)

            sigma
        | Shape.Diag
        | Shape.Spherical -> w |> Array.map (fun number -> 1.0 / (number * number))

    // ── Eigenvectors as rotations ──────────────────────────────────────────────────────────────────────────────────────

    /// The planes (i, j) of the rotations, in order.
    let private rotations features =
        [| for j in 0 .. features - 2 do
               for i in j + 1 .. features - 1 -> i, j |]

    let private cosine t = (1.0 - t * t) / (1.0 + t * t)

    let private sine t = 2.0 * t / (1.0 + t * t)

    /// Returns the rotations that make a frame of the identity, up to the signs of its rows. Each zeroes one entry
    /// above the diagonal.
    let private tangentsOf (frame: float[][]) : float[] =
        let features = frame.Length
        let rest = Array.init features (fun row -> Array.init features (fun i -> frame[i][row]))

        rotations features
        |> Array.map (fun (i, j) ->
            let x, y = rest[j][j], rest[i][j]
            // tan ω/2 = sin ω / (1 + cos ω), with ω from −π/2 to π/2.
            let t =
                if y = 0.0 then
                    0.0
                else
                    (if x < 0.0 then -y else y) / (abs x + sqrt (x * x + y * y))
            // x ← cx + sy, y ← cy − sx of rows j and i.
            LinearAlgebra.turn (cosine t) -(sine t) (Span rest[j]) (Span rest[i])
            t)

    /// Returns the frame that rotations make.
    let private frameOf features (tangents: float[]) : float[][] =
        let columns = Array.init features (fun row -> Array.init features (fun i -> if i = row then 1.0 else 0.0))

        Array.zip (rotations features) tangents
        |> Array.rev
        |> Array.iter (fun ((i, j), t) -> LinearAlgebra.turn (cosine t) (sine t) (Span columns[j]) (Span columns[i]))

        Array.init features (fun i -> Array.init features (fun row -> columns[row][i]))

    // ── Volumes and shapes ──────────────────────────────────────────────────────────────────────────────────────────

    /// Returns ln λ and ln aⱼ of variances λaⱼ.
    let private volumeAndShape (variances: float[]) : float * float[] =
        let logs = variances |> Array.map log
        let mean = Array.average logs
        mean, logs |> Array.map (fun number -> number - mean)

    /// Returns ln aⱼ from all but the last.
    let private withLast (contrasts: float[]) = Array.append contrasts [| -(Array.sum contrasts) |]

    /// Returns the numbers of one component or of all.
    let private ofVariation variation (items: 'T[]) : 'T[] =
        match variation with
        | Variation.Equal -> Array.truncate 1 items
        | Variation.Variable -> items
        | Variation.Identity -> [||]

    /// The coordinates of K covariances: their names, the numbers and their units, and the planes of covariances and
    /// inverse factors that numbers make. A unit is 1 for logarithms and angles, and 1/σⱼ for the numbers of column j
    /// of W.
    [<NoEquality; NoComparison>]
    type private OfCovariances =
        { Names: unit -> string[]
          Numbers: Gaussian -> float[]
          Units: Gaussian -> float[]
          Planes: float[] -> (float[] * float[])[] }

    /// Returns the coordinates of variances vₖⱼ = λₖaₖⱼ, the logarithms of volumes and shapes: their count, their names,
    /// and the functions from variances to numbers and back.
    let private spreads components features (volume: Variation) (shape: Variation) =
        let ks = Array.init components id
        let variants variation = if variation = Variation.Equal then 1 else components
        let volumes = variants volume
        let count = volumes + variants shape * (features - 1)

        let names () =
            [| for k in 0 .. volumes - 1 -> if volume = Variation.Equal then "ln volume" else $"ln volume[{k}]"
               for k in 0 .. variants shape - 1 do
                   for j in 0 .. features - 2 ->
                       if shape = Variation.Equal then $"ln shape[{j}]" else $"ln shape[{k},{j}]" |]

        let numbers (variances: float[][]) =
            let volumes, shapes = variances |> Array.map volumeAndShape |> Array.unzip

            Array.append
                (ofVariation volume volumes)
                (ofVariation shape shapes |> Array.collect (Array.truncate (features - 1)))

        let variances (numbers: float[]) =
            let contrasts = numbers |> Array.skip volumes |> Array.chunkBySize (max 1 (features - 1))

            ks
            |> Array.map (fun k ->
                let logs =
                    if features = 1 then
                        [| 0.0 |]
                    else
                        withLast contrasts[if shape = Variation.Equal then 0 else k]

                logs |> Array.map (fun a -> exp (numbers[if volumes = 1 then 0 else k] + a)))

        count, names, numbers, variances

    /// Returns the coordinates of the covariances of a structure.
    let private ofStructure structure components features : OfCovariances =
        let layout = Structure.layout structure
        let diagonal, below = places features layout
        let volume, shape, orientation = Structure.parts structure
        let entryName p place = $"W[{p},{place / features},{place % features}]"
        let factors (gaussian: Gaussian) = planes features layout gaussian.InverseFactors
        let covariances (gaussian: Gaussian) = planes features layout gaussian.Covariances

        let ofFactor (w: float[]) =
            Array.append (diagonal |> Array.map (fun i -> log w[i])) (below |> Array.map (fun i -> w[i]))

        let factorNames p =
            [| for i in 0 .. diagonal.Length - 1 -> $"ln W[{p},{i},{i}]"
               for place in below -> entryName p place |]

        let factorUnits (gaussian: Gaussian) p =
            let deviations = gaussian.Deviations p

            Array.append
                (Array.create diagonal.Length 1.0)
                (below |> Array.map (fun place -> 1.0 / deviations[place % features]))

        let ones count (_: Gaussian) = Array.create count 1.0

        /// Returns W from the logarithms of its diagonal and the entries below.
        let toFactor (numbers: float[]) =
            let w = Array.zeroCreate (Layout.planeSize features layout)
            diagonal |> Array.iteri (fun i place -> w[place] <- exp numbers[i])
            below |> Array.iteri (fun i place -> w[place] <- numbers[diagonal.Length + i])
            w

        // ln|W| = −½ D ln λ is the sum of the logarithms of its diagonal.
        let logVolume (w: float[]) = -2.0 * (diagonal |> Array.averageBy (fun place -> log w[place]))

        let withCovariance w = covariance features layout w, w

        /// Returns a covariance and its inverse factor; NaN where it isn't positive definite.
        let withFactor (plane: float[]) =
            let w = Array.zeroCreate plane.Length

            if GaussianParameters.inverseFactor features layout (ReadOnlySpan plane) (Span w) then
                plane, w
            else
                plane, Array.create w.Length nan

        match structure with
        | Full
        | Diag
        | Spherical
        | TiedFull
        | TiedDiag
        | TiedSpherical ->
            { Names = fun () -> Array.collect factorNames [| 0 .. Layout.planes components layout - 1 |]
              Numbers = factors >> Array.collect ofFactor
              Units =
                fun gaussian -> Array.collect (factorUnits gaussian) [| 0 .. Layout.planes components layout - 1 |]
              Planes = Array.chunkBySize (diagonal.Length + below.Length) >> Array.map (toFactor >> withCovariance) }
        | VEI
        | EVI ->
            let count, names, numbers, variances = spreads components features volume shape

            { Names = names
              Numbers = covariances >> numbers
              Units = ones count
              Planes = variances >> Array.map withFactor }
        | VEE ->
            let ratio gaussian =
                let logVolumes = factors gaussian |> Array.map logVolume
                logVolumes |> Array.skip 1 |> Array.map (fun logVolume -> logVolume - logVolumes[0])

            { Names =
                fun () -> Array.append (factorNames 0) [| for k in 1 .. components - 1 -> $"ln volume[{k}]/volume[0]" |]
              Numbers = fun gaussian -> Array.append (factors gaussian |> Array.head |> ofFactor) (ratio gaussian)
              Units = fun gaussian -> Array.append (factorUnits gaussian 0) (Array.create (components - 1) 1.0)
              Planes =
                fun numbers ->
                    let first = toFactor numbers
                    let logRatios = numbers |> Array.skip (diagonal.Length + below.Length)

                    Array.append [| 0.0 |] logRatios
                    |> Array.map (fun logRatio ->
                        let scale = exp (-0.5 * logRatio)
                        first |> Array.map (fun entry -> scale * entry) |> withCovariance) }
        | EVE
        | VVE
        | EEV
        | VEV ->
            let count, names, numbers, variances = spreads components features volume shape
            let planes = rotations features

            let frames (planes: float[][]) =
                match orientation with
                | Variation.Equal -> Array.create components (GaussianEstimators.commonFrame features planes)
                | Variation.Variable
                | Variation.Identity -> planes |> Array.map (LinearAlgebra.eigen features >> snd)

            let frameCount = if orientation = Variation.Equal then 1 else components

            { Names =
                fun () ->
                    [| yield! names ()
                       for k in 0 .. frameCount - 1 do
                           for i, j in planes ->
                               if orientation = Variation.Equal then
                                   $"tan angle[{i},{j}]/2"
                               else
                                   $"tan angle[{k},{i},{j}]/2" |]
              Units = ones (count + frameCount * planes.Length)
              Numbers =
                fun gaussian ->
                    let covariances = covariances gaussian
                    let frames = frames covariances

                    Array.append
                        (Array.map2 GaussianEstimators.spreadIn frames covariances |> numbers)
                        (ofVariation orientation frames |> Array.collect tangentsOf)
              Planes =
                fun numbers ->
                    let ofRotations =
                        numbers
                        |> Array.skip count
                        |> Array.chunkBySize (max 1 planes.Length)
                        |> Array.map (frameOf features)

                    let frame k =
                        if planes.Length = 0 then
                            frameOf features [||]
                        else
                            ofRotations[if orientation = Variation.Equal then 0 else k]

                    variances numbers[.. count - 1]
                    |> Array.mapi (fun k variances -> GaussianEstimators.compose (frame k) variances |> withFactor) }
        | EVV ->
            let size = diagonal.Length - 1 + below.Length

            { Names =
                fun () ->
                    [| "ln volume"
                       for k in 0 .. components - 1 do
                           yield! Array.removeAt (features - 1) (factorNames k) |]
              Numbers =
                fun gaussian ->
                    let factors = factors gaussian

                    Array.append
                        [| logVolume factors[0] |]
                        (factors |> Array.collect (ofFactor >> Array.removeAt (features - 1)))
              Units =
                fun gaussian ->
                    let ofComponent k = factorUnits gaussian k |> Array.removeAt (features - 1)
                    Array.append [| 1.0 |] (Array.collect ofComponent [| 0 .. components - 1 |])
              Planes =
                fun numbers ->
                    Array.init components (fun k ->
                        let own = Array.sub numbers (1 + k * size) size
                        let last = -0.5 * float features * numbers[0] - Array.sum own[.. features - 2]
                        own |> Array.insertAt (features - 1) last |> toFactor |> withCovariance) }

    let private namesOfMeans (mean: string) (gaussian: Gaussian) =
        [| for k in 0 .. gaussian.Components - 1 do
               for j in 0 .. gaussian.Features - 1 -> $"{mean}[{k},{j}]" |]

    let names (gaussian: Gaussian) : string[] =
        [| yield! namesOfMeans "mean" gaussian
           yield! (ofStructure gaussian.Structure gaussian.Components gaussian.Features).Names() |]

    let ofParameters (gaussian: Gaussian) : float[] =
        (ofStructure gaussian.Structure gaussian.Components gaussian.Features).Numbers gaussian
        |> Array.append (gaussian.Means.toArray ())

    /// Returns the units: standard deviations for the means, then those of the covariances.
    let units (gaussian: Gaussian) : float[] =
        Array.append
            (Array.collect gaussian.Deviations [| 0 .. gaussian.Components - 1 |])
            ((ofStructure gaussian.Structure gaussian.Components gaussian.Features).Units gaussian)

    let toParameters (like: Gaussian) (numbers: float[]) : Result<Gaussian, GmmError> =
        let means = like.Components * like.Features

        let planes, factors =
            (ofStructure like.Structure like.Components like.Features).Planes numbers[means..] |> Array.unzip

        let areFinite = Array.forall (Array.forall Double.IsFinite)
        let diagonal, _ = places like.Features like.Layout
        let arePositive = factors |> Array.forall (fun w -> diagonal |> Array.forall (fun place -> w[place] > 0.0))

        if Array.forall Double.IsFinite numbers && areFinite factors && areFinite planes && arePositive then
            Ok
                { like with
                    Means = Tensor.create like.Means.shape numbers[.. means - 1]
                    Covariances = Tensor.create like.Covariances.shape (Array.concat planes)
                    InverseFactors = Tensor.create like.InverseFactors.shape (Array.concat factors) }
        else
            Error(InvalidOption("Coordinates", "coordinates of covariances within the range of float64", "outside it"))

    /// Returns the means and the stored numbers of every covariance matrix: its lower triangle, row by row, or its
    /// variances. They are called by the given words.
    let parametersAs (mean: string) (covariance: string) (variance: string) (gaussian: Gaussian) : (string * float)[] =
        let layout, features = gaussian.Layout, gaussian.Features

        let ofPlane p (plane: float[]) =
            let indices (own: string) =
                match layout.IsTied, own with
                | true, "" -> ""
                | true, _ -> $"[{own}]"
                | false, "" -> $"[{p}]"
                | false, _ -> $"[{p},{own}]"

            match layout.Shape with
            | Shape.Full ->
                [| for i in 0 .. features - 1 do
                       for j in 0..i -> covariance + indices $"{i},{j}", plane[i * features + j] |]
            | Shape.Diag -> plane |> Array.mapi (fun j number -> variance + indices $"{j}", number)
            | Shape.Spherical -> [| variance + indices "", plane[0] |]

        [| yield! Array.zip (namesOfMeans mean gaussian) (gaussian.Means.toArray ())
           yield! planes features layout gaussian.Covariances |> Array.mapi ofPlane |> Array.concat |]

    let coordinates: Coordinates<Gaussian> =
        { Names = names
          OfParameters = ofParameters
          Units = units
          ToParameters = toParameters
          Parameters = parametersAs "mean" "covariance" "variance" }
