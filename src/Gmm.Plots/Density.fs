namespace Gmm.Plots

open System
open Gmm

/// The density of one feature over a histogram.
module internal Density =
    let private range (a, b) (c, d) : float * float = min a c, max b d

    /// Returns the smallest and the largest number of a feature.
    let private rangeOf execution feature (source: Source) =
        source
        |> Source.reduce execution range (fun block ->
            Seq.init block.Rows (fun i -> let x = block[i, feature] in x, x) |> Seq.reduce range)

    /// Computes the weight of the rows in each of `bins` bins of equal width.
    let private histogram execution feature bins (low: float, high: float) (source: Source) : float[] =
        source
        |> Source.reduce execution (Array.map2 (+)) (fun block ->
            let counts = Array.zeroCreate<float> bins

            for i in 0 .. block.Rows - 1 do
                let bin = int (float bins * (block[i, feature] - low) / (high - low))
                let bin = min bin (bins - 1)
                counts[bin] <- counts[bin] + block.Weight i

            counts)

    /// Draws the histogram of one feature under the densities of the components and their sum. Without a given
    /// horizontal axis, it finds one.
    let marks (options: PlotOptions) execution feature (sketch: Sketch) (given: Axis option) source =
        let means, covariances = Option.get sketch.Means, Option.get sketch.Covariances
        let weights, components = sketch.Weights, sketch.Components
        let deviations = covariances |> Array.map (fun covariance -> sqrt covariance[feature, feature])
        let ends = rangeOf execution feature source
        let low, high = Scale.widen ends

        let value k (x: float) =
            let z = (x - means[k, feature]) / deviations[k]
            weights[k] * exp (-0.5 * z * z) / (deviations[k] * sqrt (2.0 * Math.PI))

        /// The density of noise, which is uniform between the smallest and the largest number.
        let noise x =
            match sketch.Noise with
            | Some share when fst ends < snd ends && x >= fst ends && x <= snd ends -> share / (snd ends - fst ends)
            | Some _
            | None -> 0.0

        let total x = noise x + Seq.sum (seq { for k in 0 .. components - 1 -> value k x })

        let reach =
            Array.init components (fun k ->
                means[k, feature] - 3.0 * deviations[k], means[k, feature] + 3.0 * deviations[k])

        let horizontal =
            given
            |> Option.defaultWith (fun () ->
                Sketch.interval (low, high) reach |> Sketch.axis (Sketch.nameOf options feature) Round)

        // An even grid, and more points around every mean, where a narrow component has its peak.
        let places =
            [| for i in 0..240 -> horizontal.Low + (horizontal.High - horizontal.Low) * float i / 240.0
               for k in 0 .. components - 1 do
                   for i in -20 .. 20 -> means[k, feature] + deviations[k] * float i / 5.0 |]
            |> Array.filter (fun x -> x >= horizontal.Low && x <= horizontal.High)
            |> Array.sort

        // 2∛N, rounded up, and at most 80.
        let bins = [ 1..79 ] |> List.tryFind (fun n -> int64 (n * n * n) >= 8L * source.Rows) |> Option.defaultValue 80
        let width = (high - low) / float bins
        let counts = histogram execution feature bins (low, high) source
        let bars = counts |> Array.map (fun count -> count / (Array.sum counts * width))
        let largest = max (Array.max bars) (places |> Array.map total |> Array.max)

        let curve name colour value =
            Curve
                { Name = name
                  X = places
                  Y = Array.map value places
                  Colour = colour
                  Dotted = false
                  Filled = true }

        let mean k =
            let at = means[k, feature]

            Mean
                { Name = $"mean of component {k}: {Sketch.short at}"
                  Label = string k
                  At = (at, value k at)
                  Radius = 5.0
                  IsStart = false }

        horizontal,
        1.05 * largest,
        [ Bars
              { Low = low
                Width = width
                Heights = bars }
          for k in 0 .. components - 1 do
              curve (Sketch.componentName sketch k) (Series k) (value k)
          for share in Option.toList sketch.Noise do
              curve (Sketch.noiseName share) Quiet noise
          curve "mixture" Ink total
          if options.Means then
              for k in 0 .. components - 1 do
                  mean k ]

    let figure (options: PlotOptions) (fit: Fit<Gaussian>) (source: Source) : Result<Figure, GmmError> =
        result {
            do! Sketch.checkFit options ((=) 1) "one feature" fit source
            let sketch = Sketch.ofFit fit

            let feature =
                (if options.Columns.Length = 1 then
                     options.Columns
                 else
                     Sketch.bestColumns 1 source.Columns sketch)[0]

            let horizontal, top, marks = marks options fit.Model.Execution feature sketch None source

            let caption =
                $"Histogram of {Sketch.rows source.Rows} under the density of the mixture and those of its components; percentages are the weights"

            let legend =
                [ for k in 0 .. sketch.Components - 1 do
                      Scatter.entry (Stroke(Series k)) (Sketch.componentName sketch k)
                  for share in Option.toList sketch.Noise do
                      Scatter.entry (Stroke Quiet) (Sketch.noiseName share)
                  Scatter.entry (Stroke Ink) "mixture" ]

            return
                Scatter.figure
                    options
                    caption
                    legend
                    None
                    [ { Title = ""
                        Row = 0
                        Column = 0
                        Horizontal = horizontal
                        Vertical = Sketch.axis "density" Round (0.0, top)
                        IsImage = false
                        Marks = marks } ]
        }
