namespace Gmm.Laws

open Expecto
open Gmm

/// The laws as lists of Expecto's tests, one test for each law.
module LawTests =
    let private test name (run: unit -> Report) =
        testCase name (fun () ->
            let report = run ()

            match report.Outcome with
            | Passed _ -> ()
            | Absent -> skiptest (string report)
            | Failed _ -> failtest (string report))

    /// Returns the laws that apply to a subject as tests, in a list of its name. Each tries the cases of `Laws.defaults`; a failure
    /// shows how the law is broken and the smallest case that breaks it.
    let ofSubject (subject: Subject<'θ>) : Test =
        testList
            subject.Name
            [ for law in Laws.all do
                  if (Law.property subject law).IsSome then
                      test law.Name (fun () -> Law.run Laws.defaults subject law) ]

    /// Returns the laws of tensor engines as tests of one whose numbers have a type, in a list of its name.
    let ofEngine (dtype: Dtype) (engine: Engine) : Test =
        testList
            $"{engine.Name}, {dtype}"
            [ for law in Laws.engine -> test law.Name (fun () -> EngineLaw.run dtype engine law) ]
