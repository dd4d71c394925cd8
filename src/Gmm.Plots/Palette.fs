namespace Gmm.Plots

open System
open System.Globalization
open Gmm

/// The colours of pictures, on light and on dark backgrounds.
///
/// Every colour of a series stands out from its background, with the contrast of at least 3 that WCAG 2.2 requires of
/// graphics. It also stands out from every other colour, even for readers who don't see red, green or blue: a search
/// made the least OKLab distance (Ottosson 2020) between two colours, as these readers see them (Machado, Oliveira and
/// Fernandes 2009), as large as the contrasts allow.
module internal Palette =
    let light = [| "#1742e2"; "#cf6d00"; "#279f8a"; "#ac2241"; "#6e318b"; "#bc74ee" |]

    let dark = [| "#4f84c4"; "#efb830"; "#00b898"; "#d8601a"; "#b8e2fa"; "#bb92fb" |]

    /// The second cue, for series beyond the last colour: dashed lines and hollow marks.
    let dashes = [| "none"; "6 3"; "2 2"; "9 3 2 3" |]

    let series k = k % light.Length

    let dash k = k / light.Length % dashes.Length

    // ── Levels ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// The colours of rising levels: viridis (Smith and van der Walt 2015) without the end that the background would
    /// swallow, so the highest level stands out most.
    let private lightLevels = [| "#7ad151"; "#22a884"; "#2a788e"; "#414487"; "#440154" |]

    let private darkLevels = [| "#4a4a8f"; "#2a788e"; "#22a884"; "#7ad151"; "#fde725" |]

    /// The number of steps from the lowest to the highest level.
    let levels = 24

    /// Returns the step of a level between 0 and 1.
    let step (level: float) = Math.Clamp(int (level * float levels), 0, levels - 1)

    /// Interpolates the colour at a level between 0 and 1 from the colours of the anchors.
    let private between (anchors: string[]) (level: float) =
        let place = level * float (anchors.Length - 1)
        let first = min (int place) (anchors.Length - 2)
        let share = place - float first

        let channel i =
            let value anchor = Int32.Parse(anchors[anchor].AsSpan(1 + 2 * i, 2), NumberStyles.HexNumber)
            int (round ((1.0 - share) * float (value first) + share * float (value (first + 1))))

        "#" + String.concat "" [ for i in 0..2 -> (channel i).ToString("x2", CultureInfo.InvariantCulture) ]

    let private ofStep anchors step = between anchors (float step / float (levels - 1))

    let lightLevel (step: int) = ofStep lightLevels step

    // ── Style ───────────────────────────────────────────────────────────────────────────────────────────────────────

    let lightPaper, darkPaper = "#ffffff", "#16181d"

    let lightInk, lightSoft = "#1b1b1f", "#5c5f66"

    /// Returns the classes that give a mark the colour and the dashes of series k. Noise is quiet.
    let ofSeries k = if k = Noise.Label then "gmm-softened" else $"gmm-c{series k} gmm-d{dash k}"

    let ofColour colour =
        match colour with
        | Series k -> ofSeries k
        | Ink -> "gmm-inked"
        | Quiet -> "gmm-softened"

    let private surroundings paper ink soft grid (colours: string[]) level =
        let fillAndStroke name colour = $".gmm-{name}{{fill:{colour};stroke:{colour}}}"

        String.concat
            ""
            [ $".gmm-paper{{fill:{paper}}}"
              $".gmm-ink{{fill:{ink}}}"
              $".gmm-soft{{fill:{soft}}}"
              $".gmm-grid{{stroke:{grid}}}"
              $".gmm-axis,.gmm-frame{{stroke:{soft}}}"
              $".gmm-bar{{fill:{grid};stroke:{paper}}}"
              $".gmm-line,.gmm-ring{{stroke:{ink}}}"
              $".gmm-halo{{stroke:{paper}}}"
              $".gmm-shape{{stroke:{soft}}}"
              fillAndStroke "inked" ink
              fillAndStroke "softened" soft
              $".gmm-picture{{"
              for i, colour in Array.indexed colours do
                  $"--gmm-{i}:{colour};"
              "}"
              for i, colour in Array.indexed colours do
                  fillAndStroke $"c{i}" colour
              for step in 0 .. (if Option.isSome level then levels - 1 else -1) do
                  fillAndStroke $"v{step}" (ofStep (Option.get level) step) ]

    /// Returns the style sheet: colours by class, for light and dark backgrounds. The names begin with gmm because a
    /// picture in a page shares its styles with the page. The levels have colours only when the picture needs them.
    let style hasLevels =
        let level anchors = if hasLevels then Some anchors else None

        let dark =
            surroundings darkPaper "#f0f1f3" "#a9adb5" "#33363d" dark (level darkLevels)
            + ".gmm-point{fill-opacity:.75}"

        [ ".gmm-picture{font-family:system-ui,'Segoe UI','DejaVu Sans',sans-serif;max-width:100%;height:auto}"
          ".gmm-grid,.gmm-axis,.gmm-frame{stroke-width:1}"
          ".gmm-line{fill-opacity:0;stroke-width:2}"
          ".gmm-shape,.gmm-ring,.gmm-frame{fill:none}"
          ".gmm-shape,.gmm-ring{stroke-width:1.3}"
          ".gmm-point{stroke-width:1;fill-opacity:.55;stroke-opacity:.8}"
          ".gmm-ellipse,.gmm-curve{stroke-width:1.5}"
          ".gmm-ellipse *{vector-effect:non-scaling-stroke}"
          ".gmm-curve{fill-opacity:0;stroke-linejoin:round}"
          ".gmm-filled{fill-opacity:.09}"
          ".gmm-dot{stroke-width:0}"
          ".gmm-bold{font-weight:600}"
          ".gmm-halo{stroke-width:4;stroke-linejoin:round;paint-order:stroke}"
          for i, dash in Array.indexed dashes do
              if i > 0 then
                  $".gmm-ellipse.gmm-d{i},.gmm-curve.gmm-d{i}{{stroke-dasharray:{dash}}}"
                  $".gmm-point.gmm-d{i}{{fill-opacity:0}}"
          surroundings lightPaper lightInk lightSoft "#e3e5e8" light (level lightLevels)
          $"@media (prefers-color-scheme:dark){{{dark}}}" ]
        |> String.concat "\n"
