namespace Gmm

open System
open System.Globalization

/// Short texts for values that a script prints.
module internal Display =
    /// The most numbers in a list, and the most lines of components.
    [<Literal>]
    let private Most = 10

    /// Returns a number of six digits.
    let number (value: float) : string = value.ToString("G6", CultureInfo.InvariantCulture)

    /// Returns numbers of six digits as a list; the text shows the first ten of them.
    let numbers (values: float seq) : string =
        let shown = values |> Seq.truncate (Most + 1) |> Seq.map number |> List.ofSeq
        let all = if shown.Length > Most then List.truncate Most shown @ [ "…" ] else shown
        "[" + String.Join("; ", all) + "]"

    /// Returns "1 component", "2 components" …
    let count (number: int64) (thing: string) : string =
        if number = 1L then "1 " + thing else string number + " " + thing + "s"

    /// Returns "the only row", "each of the 2 rows" …
    let each (number: int64) (thing: string) : string =
        if number = 1L then "the only " + thing else "each of the " + count number thing

    /// Returns a title and a line for each of `count` components, of which the text shows the first ten.
    let components (title: string) count (line: int -> string) : string =
        [ yield title

          for k in 0 .. min count Most - 1 do
              yield $"{k}: {line k}"

          if count > Most then
              yield $"… and {count - Most} more" ]
        |> String.concat "\n"
