namespace Gmm.Laws

open System
open FsCheck
open FsCheck.FSharp

/// What a law says of one case.
type Verdict =
    /// The law holds.
    | Holds
    /// The law is broken, and how.
    | Broken of how: string
    /// The case is not one that the law is about, as when a component is left without rows.
    | Beside

/// A property that every family must have.
[<NoEquality; NoComparison>]
type Law<'θ> =
    {
        /// The law in a few words.
        Name: string
        /// The cases it is tried on; None where the subject lacks what the law needs.
        Cases: Subject<'θ> -> Arbitrary<Case<'θ>> option
        /// What it says of a case.
        Verdict: Subject<'θ> -> Case<'θ> -> Verdict
    }

/// What became of a law on a subject.
type Outcome =
    /// It held on so many cases.
    | Passed of cases: int
    /// The subject lacks what the law needs.
    | Absent
    /// It is broken: how, and the smallest case on which it is.
    | Failed of how: string * case: string

/// A law tried on a subject.
type Report =
    {
        /// The subject's name.
        Subject: string
        /// The law's name.
        Law: string
        /// What became of it.
        Outcome: Outcome
    }

    /// Whether the law held, or had nothing to say.
    member report.IsGood =
        match report.Outcome with
        | Passed _
        | Absent -> true
        | Failed _ -> false

    /// One line for a law that holds; how a broken one is broken, and on which case.
    override report.ToString() =
        match report.Outcome with
        | Passed cases -> $"{report.Subject}: {report.Law}: holds in {cases} cases"
        | Absent -> $"{report.Subject}: {report.Law}: does not apply"
        | Failed(how, case) -> $"{report.Subject} breaks the law: {report.Law}\n{how}\n{case}"

/// A family breaks laws: the reports of those that it breaks.
type LawException(reports: Report list) =
    inherit Exception(reports |> List.map string |> String.concat "\n\n")

    /// The laws that are broken.
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

    /// Broken when some of these is a text, by the first.
    let internal firstBroken (texts: string option seq) =
        match Seq.tryPick id texts with
        | Some how -> Broken how
        | None -> Holds

    let private tried (law: Law<'θ>) subject case =
        try
            law.Verdict subject case
        with error ->
            Broken $"{error.GetType().Name}: {error.Message}"

    /// The law as a property of FsCheck; None where the subject lacks what the law needs.
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

    /// Tries a law on a subject as FsCheck's configuration says. The smallest case that FsCheck's shrinking finds is in
    /// the report.
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
                        | _ -> Failed("It does not say the same twice of one case.", Case.show subject case)
                    | Some(TestResult.Exhausted data) ->
                        Failed($"Only {data.NumberOfTests} of the drawn cases were such as the law is about.", "")
                    | None -> Failed("FsCheck gave no result.", "")
                with error ->
                    Failed($"No case could be drawn: {error.Message}", "")

        { Subject = subject.Name
          Law = law.Name
          Outcome = outcome }
