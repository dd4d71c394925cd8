namespace Gmm

open System

/// A point at which the most probable component changes.
type CutPoint =
    {
        /// The point x.
        X: float
        /// The most probable component just below x.
        Below: int
        /// The most probable component just above x.
        Above: int
    }

/// Finds the points that separate the components of a Gaussian mixture in one dimension.
module CutPoints =
    /// A component as the curve ln πₖ − ln σₖ − ½((x−μ)/σ)².
    [<Struct>]
    type private Curve =
        {
            Mean: float
            /// 1/σ.
            Factor: float
            LogWeight: float
        }

        member curve.Deviation = 1.0 / curve.Factor

    /// An interval in which one component is the most probable one.
    [<Struct>]
    type private Piece =
        { From: float
          To: float
          Component: int }

    /// Returns the interval around the narrower of two components in which it lies above the wider one; None if there
    /// is none. With d = μ − μ′, r = σ/σ′ ≤ 1 and Δ = ln(π/σ) − ln(π′/σ′), it ends at the roots v = x − μ of
    ///   (1−r²) v² − 2r²d v − r²d² − 2Δσ² = 0.
    /// No step squares a number of the scale of the data, and none cancels where the variances are nearly equal.
    let private dominance (narrow: Curve) (wide: Curve) : struct (float * float) option =
        let d, r = narrow.Mean - wide.Mean, wide.Factor / narrow.Factor
        let delta = narrow.LogWeight - wide.LogWeight - log r
        // 1 − r², from a difference that is exact where r is near 1.
        let curvature = (narrow.Factor - wide.Factor) / narrow.Factor * (1.0 + r)
        let p, q = r * d, narrow.Deviation * sqrt (2.0 * curvature * abs delta)

        if d = 0.0 && curvature = 0.0 then
            if delta > 0.0 then Some(struct (-infinity, infinity)) else None
        elif delta < 0.0 && not (abs p > q) then
            None
        else
            // The root of the discriminant.
            let root =
                if delta < 0.0 then
                    sqrt (abs p - q) * sqrt (abs p + q)
                else
                    let largest = max (abs p) q
                    let smallest = min (abs p) q

                    if largest = 0.0 then
                        0.0
                    else
                        let ratio = smallest / largest
                        largest * sqrt (1.0 + ratio * ratio)

            let sum = if d < 0.0 then r * p - root else r * p + root
            let far = sum / curvature

            let near =
                if sum = 0.0 then
                    0.0
                elif curvature < 0.5 then
                    -(p * (p / sum) + 2.0 * delta * narrow.Deviation * (narrow.Deviation / sum))
                elif d < 0.0 then
                    (r * p + root) / curvature
                else
                    (r * p - root) / curvature

            Some(struct (narrow.Mean + min near far, narrow.Mean + max near far))

    /// Returns the pieces that remain of a piece when the curve of a later component rises above its own.
    let private split (curves: Curve[]) (later: int) (piece: Piece) : Piece list =
        let own, other = curves[piece.Component], curves[later]

        let pieces below inside above (struct (first, last)) =
            let first, last = max piece.From (min piece.To first), max piece.From (min piece.To last)

            [ { piece with
                  To = first
                  Component = below }
              { From = first
                To = last
                Component = inside }
              { piece with
                  From = last
                  Component = above } ]

        if other.Factor >= own.Factor then
            match dominance other own with
            | Some interval -> pieces piece.Component later piece.Component interval
            | None -> [ piece ]
        else
            match dominance own other with
            | Some interval -> pieces later piece.Component later interval
            | None -> [ { piece with Component = later } ]

    /// Joins neighbouring pieces of one component and drops empty ones.
    let private join (pieces: Piece list) : Piece list =
        (pieces |> List.filter (fun piece -> piece.From < piece.To), [])
        ||> List.foldBack (fun piece rest ->
            match rest with
            | next :: others when next.Component = piece.Component -> { piece with To = next.To } :: others
            | _ -> piece :: rest)

    /// Returns the points at which argmaxₖ πₖ N(x|μₖ, σₖ²) changes, in ascending order: the upper envelope of the
    /// components' log-densities, which are parabolas. Two components meet at the roots of a quadratic equation (Duda,
    /// Hart and Stork, Pattern Classification, 2001, §2.6), or of a linear one when their variances are equal. There
    /// are at most 2K − 2 points. A component that is nowhere the most probable one, or only within less than the
    /// rounding of x, has none. Noise is left out. Error unless the mixture has one feature.
    let ofMixture (mixture: Mixture<Gaussian>) : Result<CutPoint[], GmmError> =
        let gaussian = mixture.Parameters

        result {
            do!
                GmmError.requireAll
                    [ gaussian.Features = 1,
                      "The number of features",
                      "1 for cut points (take the marginal of one feature)",
                      string gaussian.Features ]

            let means, factors = gaussian.Means.toArray (), gaussian.InverseFactors.toArray ()
            let logWeights = (mixture |> Mixture.clusters gaussian.Components).LogWeights.toArray()

            let curves =
                Array.init gaussian.Components (fun k ->
                    { Mean = means[k]
                      Factor = factors[Layout.planeOf gaussian.Layout k]
                      LogWeight = logWeights[k] })

            let possible =
                [ 0 .. curves.Length - 1 ] |> List.filter (fun k -> not (Double.IsNegativeInfinity logWeights[k]))

            let everywhere k =
                [ { From = -infinity
                    To = infinity
                    Component = k } ]

            let pieces =
                (everywhere possible.Head, possible.Tail)
                ||> List.fold (fun pieces k -> pieces |> List.collect (split curves k) |> join)

            return
                [| for below, above in List.pairwise pieces ->
                       { X = below.To
                         Below = below.Component
                         Above = above.Component } |]
        }

    /// Returns the points at which the labels of `Predict.labels` change, in ascending order, with the components on
    /// both sides: see `ofMixture`. These are the labels of the components; noise is left out. Error unless the mixture
    /// has one feature.
    let ofFit (fit: Fit<Gaussian>) : Result<CutPoint[], GmmError> = ofMixture fit.Mixture
