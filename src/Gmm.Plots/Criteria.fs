namespace Gmm.Plots

open Gmm

/// The criteria of a selection.
module internal Criteria =
    let private criterionName criterion =
        match criterion with
        | Criterion.Bic -> "BIC"
        | Criterion.Icl -> "ICL"
        | Criterion.Aic -> "AIC"

    /// Returns the interval of the values to show, whole or cut. With the lowest value b and the median m of the values that
    /// can be trusted, it is cut above b + 4(m − b) and below b − (m − b). So bad candidates, as long as they are fewer than
    /// half, don't stretch the axis until the minima of the others look alike. Values that can't be trusted, those on a floor,
    /// may lie below b.
    let shown (trusted: float list) (all: float list) : float * float =
        let sorted = List.sort trusted |> Array.ofList
        let best = sorted[0]
        let toMedian = sorted[sorted.Length / 2] - best
        let low, high = Sketch.ends all

        if toMedian > 0.0 then
            max low (best - toMedian), min high (best + 4.0 * toMedian)
        else
            low, high

    let figure (options: PlotOptions) (selection: Selection<'θ>) : Result<Figure, GmmError> =
        let criteria = List.distinct [ Criterion.Bic; Criterion.Icl; selection.Criterion ]
        let names = selection.Candidates |> List.map _.Name |> List.distinct

        let judged =
            selection.Candidates
            |> List.choose (fun candidate ->
                candidate.Outcome |> Result.toOption |> Option.map (fun judged -> candidate, judged))

        let counts = judged |> List.map (fun (candidate, _) -> float candidate.Components)

        let valuesOf judged = judged |> List.collect (fun (_, judged: Judged<'θ>) -> criteria |> List.map judged.Value)

        // Unless the best candidate lies on a floor itself, those on a floor can't be trusted.
        let trusted =
            if selection.Fit.Irregular.OnFloor.IsEmpty then
                judged |> List.filter (fun (_, judged) -> not judged.IsOnFloor)
            else
                judged

        let low, high = shown (valuesOf trusted) (valuesOf judged)
        let vertical = Scale.padded (low, high)

        let axes column criterion : Axes =
            let points name =
                judged
                |> List.filter (fun (candidate, _) -> candidate.Name = name)
                |> List.map (fun (candidate, judged) -> float candidate.Components, judged.Value criterion)
                |> List.sortBy fst
                |> Array.ofList

            let best = judged |> List.filter (fun (candidate, _) -> obj.ReferenceEquals(candidate, selection.Best))

            { Title = criterionName criterion
              Row = 0
              Column = column
              Horizontal = Sketch.ends counts |> Scale.widen |> Sketch.axis "components" Whole |> Sketch.roomy
              Vertical =
                vertical
                |> Sketch.axis
                    (if column = 0 then "criterion, lower is better" else "")
                    (if column = 0 then Round else Mute)
              IsImage = false
              Marks =
                [ for k, name in List.indexed names do
                      let points = points name

                      if points.Length > 0 then
                          Curve
                              { Name = name
                                X = Array.map fst points
                                Y = Array.map snd points
                                Colour = Series k
                                Dotted = true
                                Filled = false }
                  // Triangles at the edges, for the candidates beyond them.
                  for value, shape, isBeyond in
                      [ high, 2, (fun value -> value > high); low, 4, (fun value -> value < low) ] do
                      for k, name in List.indexed names do
                          let beyond = points name |> Array.filter (snd >> isBeyond)

                          if beyond.Length > 0 then
                              Points
                                  { X = Array.map fst beyond
                                    Y = Array.create beyond.Length value
                                    Paint = BySeries(Array.create beyond.Length k)
                                    Shapes = Array.create beyond.Length shape
                                    Radius = 4.5
                                    Opacity = 1.0
                                    Hollow = false }
                  if criterion = selection.Criterion then
                      for candidate, judged in best do
                          Points
                              { X = [| float candidate.Components |]
                                Y = [| judged.Value criterion |]
                                Paint = Plain Ink
                                Shapes = [||]
                                Radius = 7.0
                                Opacity = 1.0
                                Hollow = true } ] }

        let name = criterionName selection.Criterion

        let describe (candidate: Candidate<'θ>) =
            $"""{candidate.Name} with {Display.count candidate.Components "component"}"""

        let failed = selection.Candidates.Length - judged.Length

        let caption =
            [ yield $"The ring marks the best by {name}: {describe selection.Best}"
              match
                  judged
                  |> List.map (fun (candidate, judged) -> judged.Value selection.Criterion, candidate)
                  |> List.sortBy fst
              with
              | (best, _) :: (next, candidate) :: _ ->
                  yield $"next, {Sketch.brief (next - best)} higher, {describe candidate}"
              | _ -> ()
              for words, limit, isBeyond in
                  [ "above", high, (fun value -> value > high); "below", low, (fun value -> value < low) ] do
                  let beyond =
                      judged |> List.filter (fun (_, judged) -> criteria |> List.exists (judged.Value >> isBeyond))

                  if not beyond.IsEmpty then
                      let candidates = Display.count beyond.Length "candidate"
                      yield $"triangles at the edge stand for {candidates} {words} {Sketch.short limit}"
              if failed > 0 then
                  yield $"{failed} of {selection.Candidates.Length} candidates have no fit" ]
            |> String.concat "; "

        Sketch.checkOptions options
        |> Result.map (fun () ->
            let figure =
                criteria
                |> List.mapi axes
                |> Scatter.figure
                    options
                    caption
                    [ for k, name in List.indexed names -> Scatter.entry (Stroke(Series k)) name ]
                    None

            { figure with
                Columns = Array.create criteria.Length (1.0 / float criteria.Length) })
