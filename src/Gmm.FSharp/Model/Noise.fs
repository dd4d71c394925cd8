namespace Gmm

/// The volume of the region in which noise is uniform.
[<RequireQualifiedAccess>]
type NoiseVolume =
    /// A known volume V > 0, in the product of the columns' units. It is not a free parameter.
    | Given of volume: float
    /// The volume of the data: the product of the columns' ranges or, if every column is real-valued, the smaller of
    /// this and the product of the ranges of the principal components' scores (`hypvol` of mclust). A direction in
    /// which the data don't vary, as in collinear columns, is left to the columns' ranges. A column of whole numbers
    /// has as many values as lie between its smallest and its largest. The volume counts as one free parameter.
    | Hypervolume

/// A noise component: rows that belong to no component have the constant density 1/V (Banfield and Raftery 1993).
type Noise =
    {
        /// ln 1/V.
        LogDensity: float
        /// Whether V was measured on the data.
        IsMeasured: bool
        /// The smallest number of every column of the data (D). Draws of noise lie between the smallest and the
        /// largest.
        Low: float[]
        /// The largest number of every column (D).
        High: float[]
        /// Whether a column takes whole numbers only (D).
        IsWhole: bool[]
    }

/// Stores noise components.
module internal NoiseStorage =
    let toState (noise: Noise) : State =
        Map
            [ "logDensity", Tensor.scalar noise.LogDensity
              "isMeasured", Tensor.scalar (if noise.IsMeasured then 1.0 else 0.0)
              "low", Tensor.vector noise.Low
              "high", Tensor.vector noise.High
              "isWhole", noise.IsWhole |> Array.map (fun isWhole -> if isWhole then 1.0 else 0.0) |> Tensor.vector ]

    /// Returns the noise of data of some columns that a state stores.
    let ofState columns (state: State) : Result<Noise, GmmError> =
        result {
            let! logDensity = State.scalar "logDensity" state
            let! isMeasured = State.whole 0 1 "isMeasured" state
            let vector name = State.ofShape [| columns |] name state
            let! low = vector "low"
            let! high = vector "high"
            let! isWhole = vector "isWhole"

            do! State.requireFinite "logDensity" (Tensor.scalar logDensity)
            do! State.requireFinite "low" low
            do! State.requireFinite "high" high

            do!
                GmmError.requireAll
                    [ Array.forall2 (<=) (low.toArray ()) (high.toArray ()), "high", "at least low", string high
                      isWhole.toArray () |> Array.forall (fun flag -> flag = 0.0 || flag = 1.0),
                      "isWhole",
                      "0 or 1",
                      string isWhole ]

            return
                { LogDensity = logDensity
                  IsMeasured = isMeasured = 1
                  Low = low.toArray ()
                  High = high.toArray ()
                  IsWhole = isWhole.toArray () |> Array.map (fun flag -> flag = 1.0) }
        }
