namespace Gmm.Notebooks

open System.Net
open System.Reflection
open Gmm

/// Makes the formatter of fits, which notebooks show as their summary.
[<Sealed>]
type FitFormatterSource() =
    static member private Summary(fit: Fit<'θ>) : string = Summary.ofFit [||] fit |> GmmError.get

    /// Returns the formatter.
    member _.CreateTypeFormatters() : obj seq =
        let summary = typeof<FitFormatterSource>.GetMethod("Summary", BindingFlags.Static ||| BindingFlags.NonPublic)

        let html (fit: obj) =
            let text = summary.MakeGenericMethod(fit.GetType().GetGenericArguments()).Invoke(null, [| fit |])
            $"<pre>{WebUtility.HtmlEncode(string text)}</pre>"

        [ HtmlFormatter html ]
