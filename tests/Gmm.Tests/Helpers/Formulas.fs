/// Densities, likelihoods and priors written down a second time, row by row from the formulas, on MathNet's Cholesky
/// factors and nothing of the library: what the tests compare with.
module Gmm.Tests.Formulas

open System
open Gmm.Tests.Support
open MathNet.Numerics.LinearAlgebra

/// A mixture of Gaussians in D×D matrices: πₖ, μₖ, Σₖ for every component, whatever the structure.
type Plain =
    { Weights: float[]
      Means: float[][]
      Covariances: float[,][] }

/// ln|Σ| and (x−μ)ᵀΣ⁻¹(x−μ) as a function of x − μ.
let private factored (covariance: float[,]) =
    let cholesky = (dense covariance).Cholesky()
    cholesky.DeterminantLn, fun (z: float[]) -> (let z = Vector<float>.Build.Dense z in z * cholesky.Solve z)

/// ln N(x|μ, Σ) = −½ (D ln 2π + ln|Σ| + (x−μ)ᵀΣ⁻¹(x−μ)).
let logNormal (mean: float[]) (covariance: float[,]) : float[] -> float =
    let logDeterminant, distance = factored covariance
    fun x -> -0.5 * (float x.Length * log (2.0 * Math.PI) + logDeterminant + distance (Array.map2 (-) x mean))

/// ln Σ exp of some numbers.
let logSumExp (values: float[]) =
    let largest = Array.max values
    largest + log (values |> Array.sumBy (fun v -> exp (v - largest)))

/// ln πₖ + ln N(xₙ|μₖ, Σₖ): a row for every row of the data, K numbers each.
let logJoint (mixture: Plain) (rows: float[][]) : float[][] =
    let densities = Array.map2 logNormal mixture.Means mixture.Covariances

    rows
    |> Array.map (fun x -> Array.map2 (fun (weight: float) density -> log weight + density x) mixture.Weights densities)

/// Σₙ wₙ ln p(xₙ).
let logLikelihood (mixture: Plain) (rows: float[][]) (sampleWeights: float[]) =
    Array.map2 (fun joint w -> if w = 0.0 then 0.0 else w * logSumExp joint) (logJoint mixture rows) sampleWeights
    |> Array.sum

/// ln Dirichlet(π|α) without its constant: Σₖ (αₖ−1) ln πₖ.
let logDirichlet (concentration: float[]) (weights: float[]) =
    Array.map2 (fun alpha (weight: float) -> (alpha - 1.0) * log weight) concentration weights |> Array.sum

/// ln N(μ|m₀, Σ/κ₀) without its constant: −½ ln|Σ| − ½κ₀ (μ−m₀)ᵀΣ⁻¹(μ−m₀).
let logMeanPrior (centre: float[]) precision (mean: float[]) (covariance: float[,]) =
    let logDeterminant, distance = factored covariance
    -0.5 * logDeterminant - 0.5 * precision * distance (Array.map2 (-) mean centre)

/// ln of the inverse Wishart's density without its constant: −½(ν₀+D+1) ln|Σ| − ½ tr Ψ₀Σ⁻¹.
let logCovariancePrior (scale: float[,]) degrees (covariance: float[,]) =
    let cholesky = (dense covariance).Cholesky()
    let trace = cholesky.Solve(dense scale).Trace()
    -0.5 * (degrees + float (Array2D.length1 covariance) + 1.0) * cholesky.DeterminantLn - 0.5 * trace
