namespace Gmm

/// The log-density of K components as numbers. The kernels know nothing else of a family. Constants are the terms that
/// don't depend on the row.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type Form =
    /// ln p(x|θₖ) = cₖ − ½‖Wₖ(x−μₖ)‖², with sums Σₙ rₙₖ(xₙ−μₖ) (K×D) and Σₙ rₙₖ(xₙ−μₖ)(xₙ−μₖ)ᵀ in a layout:
    /// means (K×D), factors W (planes) and constants c (K).
    | Quadratic of layout: Layout * means: Tensor * factors: Tensor * constants: float[]
    /// ln p(x|θₖ) = −½‖x−μₖ‖², with sums Σₙ rₙₖ(xₙ−μₖ) (K×D): centres μ (K×D).
    | Distance of centres: Tensor
    /// ln p(x|θₖ) = ηₖ·T(x) + cₖ + Σⱼ ln h(xⱼ), with sums Σₙ rₙₖT(xₙ) (K×F): T, which gives one row of F numbers for
    /// each row of a block, ln h, η (K×F) and the constants (K).
    | Linear of statistic: (Tensor -> Tensor) * logBase: (float -> float) * natural: Tensor * constants: float[]
    /// ln p(x|θₖ) = cₖ − ½(νₖ+D) ln(1 + δₖ/νₖ), or cₖ − ½δₖ where νₖ = ∞, for a quadratic form −½δₖ whose constants are
    /// 0. With u = (νₖ+D)/(νₖ+δₖ), the sums are those of the quadratic form with responsibilities times u, then Σₙ rₙₖu
    /// (K) and Σₙ rₙₖ(ln u − u + sₖ) (K): degrees of freedom ν, constants c and shifts s (K each).
    | Student of quadratic: Form * degreesOfFreedom: float[] * constants: float[] * shifts: float[]
    /// The sum of several forms, each for some of the columns. Their sums follow one another.
    | Product of (int[] * Form) list
    /// A form of K components, followed by a component of constant log-density. The sums are those of the K.
    | Noise of form: Form * logDensity: float

/// The numbers of a form on which Q = Σₙₖ rₙₖ ln p(xₙ|θₖ) depends, with fixed responsibilities rₙₖ.
[<NoEquality; NoComparison>]
type internal DifferentiableForm =
    {
        /// Means, factors and constants, for Student's t 1/ν too; centres; natural parameters and constants; those of
        /// the parts, one after another.
        Numbers: float[]
        /// The number of sums of the form.
        Sums: int
        /// The derivatives in the numbers, from Nₖ and the sums.
        Slopes: float[] -> float[][] -> float[]
    }

/// Functions on forms.
module internal Form =
    let private isZero eta = eta <= Limits.zeroDensity

    /// Returns whether a form has a natural parameter that stands for ln 0.
    let rec hasZeros (form: Form) : bool =
        match form with
        | Form.Linear(_, _, natural, _) -> natural.toArray () |> Array.exists isZero
        | Form.Product parts -> parts |> List.exists (snd >> hasZeros)
        | Form.Noise(form, _) -> hasZeros form
        | Form.Quadratic _
        | Form.Distance _
        | Form.Student _ -> false

    /// Returns the form in which ln 0 is 0, which leaves what the possible statistics of a row add to its log-density.
    let rec withoutZeros (form: Form) : Form =
        match form with
        | Form.Linear(statistic, logBase, natural, constants) ->
            let finite = natural.toArray () |> Array.map (fun eta -> if isZero eta then 0.0 else eta)
            Form.Linear(statistic, logBase, natural.like (natural.shape, finite), constants)
        | Form.Product parts -> Form.Product(parts |> List.map (fun (columns, part) -> columns, withoutZeros part))
        | Form.Noise(form, logDensity) -> Form.Noise(withoutZeros form, logDensity)
        | Form.Quadratic _
        | Form.Distance _
        | Form.Student _ -> form

    let private slopesOfQuadratic
        (layout: Layout)
        (means: Tensor)
        (factors: Tensor)
        (counts: float[])
        (sums: float[][])
        =
        let features = means.shape[1]
        let planes = factors.toArray () |> Array.chunkBySize (Layout.planeSize features layout)
        let seconds = sums[1] |> Array.chunkBySize (Layout.planeSize features layout)

        /// Computes WᵀWf.
        let ofMean (w: float[]) (f: float[]) =
            match layout.Shape with
            | Shape.Full ->
                let at i j = w[i * features + j]
                let dot g = Seq.init features g |> Seq.sum
                let whitened = Array.init features (fun i -> dot (fun j -> at i j * f[j]))
                Array.init features (fun j -> dot (fun i -> at i j * whitened[i]))
            | Shape.Diag -> Array.map2 (fun w f -> w * w * f) w f
            | Shape.Spherical -> f |> Array.map (fun f -> w[0] * w[0] * f)

        /// Computes −WS.
        let ofFactor (w: float[]) (s: float[]) =
            match layout.Shape with
            | Shape.Full ->
                Array.init s.Length (fun place ->
                    let i, j = place / features, place % features
                    let mutable sum = 0.0

                    for m in 0..i do
                        sum <- sum - w[i * features + m] * s[m * features + j]

                    sum)
            | Shape.Diag -> Array.map2 (fun w s -> -w * s) w s
            // The second moment is the mean over the features.
            | Shape.Spherical -> [| -(float features * w[0] * s[0]) |]

        Array.concat
            [ yield!
                  sums[0] |> Array.chunkBySize features |> Array.mapi (fun k -> ofMean planes[Layout.planeOf layout k])
              yield! Array.map2 ofFactor planes seconds
              counts ]

    /// Returns the numbers of a form on which Q depends, the expected Σₙₖ rₙₖ ln p(xₙ|θₖ), also over latent weights of
    /// rows, with its derivatives in them. None for a form whose sums don't determine these.
    let rec differentiable (form: Form) : DifferentiableForm option =
        match form with
        | Form.Quadratic(layout, means, factors, constants) ->
            Some
                { Numbers = Array.concat [ means.toArray (); factors.toArray (); constants ]
                  Sums = 2
                  Slopes = slopesOfQuadratic layout means factors }
        | Form.Distance centres ->
            Some
                { Numbers = centres.toArray ()
                  Sums = 1
                  Slopes = fun _ sums -> sums[0] }
        | Form.Linear(_, _, natural, constants) ->
            Some
                { Numbers = Array.append (natural.toArray ()) constants
                  Sums = 1
                  Slopes = fun counts sums -> Array.append sums[0] counts }
        | Form.Student(Form.Quadratic(_, means, _, _) as quadratic, degrees, constants, _) ->
            let features = float means.shape[1]

            /// The derivative in 1/ν of the expected ln p(x, u), whose constant has ln|W| but not ν (Peel and McLachlan
            /// 2000).
            let ofDegrees (counts: float[]) (sumsOfLogs: float[]) k nu =
                if nu = infinity then
                    0.0
                else
                    let ofEach = log (nu / 2.0) + 1.0 - GammaFunction.digamma ((nu + features) / 2.0) + features / nu
                    -0.5 * nu * nu * (counts[k] * ofEach + sumsOfLogs[k])

            differentiable quadratic
            |> Option.map (fun inner ->
                { Numbers = Array.concat [ inner.Numbers; constants; degrees |> Array.map (fun nu -> 1.0 / nu) ]
                  Sums = inner.Sums + 2
                  Slopes =
                    fun counts sums ->
                        let ofSums = ofDegrees counts sums[inner.Sums + 1]
                        Array.concat [ inner.Slopes counts sums; counts; Array.mapi ofSums degrees ] })
        | Form.Student _ -> None
        | Form.Product parts ->
            let found = parts |> List.choose (snd >> differentiable)
            let starts = found |> List.scan (fun first part -> first + part.Sums) 0

            if found.Length < parts.Length then
                None
            else
                Some
                    { Numbers = found |> List.map _.Numbers |> Array.concat
                      Sums = List.last starts
                      Slopes =
                        fun counts sums ->
                            List.map2
                                (fun first part -> part.Slopes counts (Array.sub sums first part.Sums))
                                (List.truncate found.Length starts)
                                found
                            |> Array.concat }
        | Form.Noise(form, _) ->
            differentiable form
            |> Option.map (fun inner ->
                { inner with
                    Slopes = fun counts sums -> inner.Slopes (Array.truncate (counts.Length - 1) counts) sums })
