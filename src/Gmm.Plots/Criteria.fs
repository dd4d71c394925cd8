namespace Gmm.Plots

open Gmm

/// The criteria of a selection.
module internal Criteria =
    let private criterionName criterion =
        match criterion with
        | Criterion.Bic -> "BIC"
        | Criterion.Icl -> "ICL"
        | Criterion.Aic -> "AIC"

    let figure (options: PlotOptions) (selection: Selection<'θ>) : Result<Figure, GmmError> =
        let criteria = List.distinct [ Criterion.Bic; Criterion.Icl; selection.Criterion ]
        let names = selection.Candidates |> List.map _.Name |> List.distinct

        let judged =
            selection.Candidates
            |> List.choose (fun candidate ->
                candidate.Outcome |> Result.toOption |> Option.map (fun judged -> candidate, judged))

        let counts = judged |> List.map (fun (candidate, _) -> float candidate.Components)

        let vertical =
            criteria
            |> List.collect (fun criterion -> judged |> List.map (fun (_, judged) -> judged.Value criterion))
            |> Sketch.ends
            |> Scale.padded

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
        let describe (candidate: Candidate<'θ>) = $"{candidate.Name} with {candidate.Components} components"
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
