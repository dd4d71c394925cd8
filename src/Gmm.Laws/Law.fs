namespace Gmm.Laws

open System
open FsCheck
open FsCheck.FSharp

/// The verdict of a law on one case.
type Verdict =
    /// The law holds.
    | Holds
    /// The law is broken, and how.
    | Broken of how: string
    /// The law does not apply to the case, as when a component is left without rows.
    | Beside

/// A property that every family must have.
[<NoEquality; NoComparison>]
type Law<'θ> =
    {
        /// The law in a few words.
        Name: string
        /// The cases to try it on; None where the subject lacks what the law needs.
        Cases: Subject<'θ> -> Arbitrary<Case<'θ>> option
        /// The verdict on a case.
        Verdict: Subject<'θ> -> Case<'θ> -> Verdict
    }

/// The outcome of a law on a subject or an engine.
type Outcome =
    /// It holds in this many cases; an engine is one case.
    | Passed of cases: int
    /// The subject or the engine lacks what the law needs.
    | Absent
    /// It is broken: how, and the smallest case that breaks it; empty for an engine.
    | Failed of how: string * case: string

/// The report of a law that was tried on a subject or an engine.
type Report =
    {
        /// The name of the subject or the engine.
        Subject: string
        /// The law's name.
        Law: string
        /// The outcome.
        Outcome: Outcome
    }

    /// Whether the law holds or is absent.
    member report.IsGood =
        match report.Outcome with
        | Passed _
        | Absent -> true
        | Failed _ -> false

    /// Returns one line for a law that holds, and for a broken one also how it is broken and by which case.
    override report.ToString() =
        match report.Outcome with
        | Passed 1 -> $"{report.Subject}: {report.Law}: holds"
        | Passed cases -> $"{report.Subject}: {report.Law}: holds in {cases} cases"
        | Absent -> $"{report.Subject}: {report.Law}: does not apply"
        | Failed(how, "") -> $"{report.Subject} breaks the law: {report.Law}\n{how}"
        | Failed(how, case) -> $"{report.Subject} breaks the law: {report.Law}\n{how}\n{case}"

/// A family or an engine breaks laws; there is a report of each broken law.
type LawException(reports: Report list) =
    inherit Exception(reports |> List.map string |> String.concat "\n\n")

    /// The reports of the broken laws.
    member _.Reports = reports

/// Trying laws.
module Law =
    /// A law about every subject and the ordinary cases.
    let internal ofAll name (verdict: Subject<'θ> -> Case<'θ> -> Verdict) : Law<'θ> =
        { Name = name
          Cases = Case.arbitrary >> Some
          Verdict = verdict }

    /// A law about the subjects that have some part.
    let internal ofThose name (part: Subject<'θ> -> 'P option) (verdict: 'P -> Subject<'θ> -> Case<'θ> -> Verdict) =
        { Name = name
          Cases = fun subject -> part subject |> Option.map (fun _ -> Case.arbitrary subject)
          Verdict = fun subject -> verdict (part subject).Value subject }

    /// Returns `Broken` with the first text, or `Holds` when there is none.
    let internal firstBroken (texts: string option seq) =
        match Seq.tryPick id texts with
        | Some how -> Broken how
        | None -> Holds

    let private tried (law: Law<'θ>) subject case =
        try
            law.Verdict subject case
        with error ->
            Broken $"{error.GetType().Name}: {error.Message}"

    /// Returns the law as a property of FsCheck; None where the subject lacks what the law needs.
    let property (subject: Subject<'θ>) (law: Law<'θ>) : Property option =
        law.Cases subject
        |> Option.map (fun cases ->
            Prop.forAll cases (fun case ->
                match tried law subject case with
                | Holds -> Prop.ofTestable true
                | Broken how -> Prop.label how (Prop.ofTestable false)
                | Beside -> Prop.filter false (Prop.ofTestable true)))

    /// Keeps the result of a property, and prints nothing.
    type private Listener() =
        member val Result: TestResult option = None with get, set

        interface IRunner with
            member _.OnStartFixture _ = ()
            member _.OnArguments(_, _, _) = ()
            member _.OnShrink(_, _) = ()
            member listener.OnFinished(_, result) = listener.Result <- Some result

    /// Tries a law on a subject with FsCheck's configuration. The report of a broken law has the smallest case that FsCheck's
    /// shrinking finds.
    let run (config: Config) (subject: Subject<'θ>) (law: Law<'θ>) : Report =
        let outcome =
            match property subject law with
            | None -> Absent
            | Some property ->
                let listener = Listener()

                try
                    Check.One(config.WithRunner(listener).WithName(law.Name), property)

                    match listener.Result with
                    | Some(TestResult.Passed(data, _)) -> Passed data.NumberOfTests
                    | Some(TestResult.Failed(_, _, shrunk, _, _, _, _)) ->
                        let case = unbox<Case<'θ>> shrunk.Head

                        match tried law subject case with
                        | Broken how -> Failed(how, Case.show subject case)
                        | _ -> Failed("A second try on the same case has another verdict.", Case.show subject case)
                    | Some(TestResult.Exhausted data) ->
                        Failed($"The law applies to only {data.NumberOfTests} of the drawn cases.", "")
                    | None -> Failed("FsCheck gave no result.", "")
                with error ->
                    Failed($"No case could be drawn: {error.Message}", "")

        { Subject = subject.Name
          Law = law.Name
          Outcome = outcome }
