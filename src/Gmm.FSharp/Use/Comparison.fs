namespace Gmm

/// A component of one mixture and its match in another.
type ComponentPair =
    {
        /// The component of the first mixture.
        First: int
        /// The component of the second mixture.
        Second: int
        /// ‖μ₂ − μ₁‖, the Euclidean distance of their means.
        Distance: float
        /// μ₂ − μ₁ (M).
        MeanDifference: float[]
        /// π₂ − π₁.
        WeightDifference: float
    }

/// The comparison of two mixtures, component by component.
type Comparison =
    {
        /// The matched components, in the order of the first mixture.
        Pairs: ComponentPair[]
        /// The components of the first mixture without a match, when it has more components.
        OnlyFirst: int[]
        /// The components of the second mixture without a match, when it has more components.
        OnlySecond: int[]
    }

    /// The mean distance over the pairs.
    member comparison.MeanDistance = comparison.Pairs |> Array.averageBy _.Distance
    /// The largest distance of a pair.
    member comparison.LargestDistance = comparison.Pairs |> Array.map _.Distance |> Array.max

    /// The largest absolute difference in weight of a pair.
    member comparison.LargestWeightDifference =
        comparison.Pairs |> Array.map (fun pair -> abs pair.WeightDifference) |> Array.max

/// Compares mixtures whose components may be in any order.
module Comparison =
    /// Compares two mixtures of a family. It matches the min(K₁, K₂) pairs of components with the least sum of
    /// distances between means. A mean is a row of `Family.Means`: μₖ for Gaussians, the mean parameters E T(x) for
    /// exponential families, and the means of all parts, one after another, for a product. Noise is left out. Error
    /// when the means differ in length or are too large.
    let ofMixtures (family: Family<'θ>) (first: Mixture<'θ>) (second: Mixture<'θ>) : Result<Comparison, GmmError> =
        let means, means' = family.Means first.Parameters, family.Means second.Parameters
        let weights, weights' = first.Weights, second.Weights
        let difference k l = Array.map2 (-) means'[l, *] means[k, *]
        let distance k l = difference k l |> Array.sumBy (fun d -> d * d) |> sqrt
        let leftOver components matched = Array.except matched [| 0 .. components - 1 |]

        let pair (k, l) =
            { First = k
              Second = l
              Distance = distance k l
              MeanDifference = difference k l
              WeightDifference = weights'[l] - weights[k] }

        result {
            let features, features' = Array2D.length2 means, Array2D.length2 means'

            do!
                GmmError.requireAll
                    [ features = features',
                      "The second mixture",
                      $"""one with {Display.count features "number"} in a component's mean, like the first""",
                      $"one with {features'}" ]

            let components, components' = Array2D.length1 means, Array2D.length1 means'
            let! pairs = Matching.cheapest (Array2D.init components components' distance)

            return
                { Pairs = pairs |> Array.map pair
                  OnlyFirst = pairs |> Array.map fst |> leftOver components
                  OnlySecond = pairs |> Array.map snd |> leftOver components' }
        }

    /// Compares the mixtures of two fits. Errors as `ofMixtures`, and when the fits are of different families.
    let ofFits (first: Fit<'θ>) (second: Fit<'θ>) : Result<Comparison, GmmError> =
        let family, family' = first.Model.Family.Name, second.Model.Family.Name

        result {
            do!
                GmmError.requireAll
                    [ family = family', "The second mixture", $"one of {family}, like the first", family' ]

            return! ofMixtures first.Model.Family first.Mixture second.Mixture
        }
