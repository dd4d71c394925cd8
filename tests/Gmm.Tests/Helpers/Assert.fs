namespace Gmm.Tests

open System
open System.Collections
open System.Text.RegularExpressions
open Expecto

/// Assertions for which NaN equals NaN, and sequences are equal whose elements are. The expected value comes first.
[<AbstractClass; Sealed>]
type Assert =
    /// Fails the test.
    static member Fail(message: string) : unit = failtest message

    /// Fails unless a condition is true.
    static member True(condition: bool, ?message: string) =
        if not condition then
            failtest (defaultArg message "The condition is false.")

    /// Fails unless a condition is false.
    static member False(condition: bool, ?message: string) =
        if condition then
            failtest (defaultArg message "The condition is true.")

    static member private AreEqual(a: obj, b: obj) : bool =
        // Both are equivalence relations, for which NaN equals NaN, of objects and of arrays; F#'s `=` is that of IEEE 754.
        Object.Equals(a, b)
        || LanguagePrimitives.GenericEqualityERComparer.Equals(a, b)
        || match a, b with
           | (:? Array), _
           | (:? string), _ -> false
           | (:? IEnumerable as a), (:? IEnumerable as b) ->
               let a, b = Array.ofSeq (Seq.cast<obj> a), Array.ofSeq (Seq.cast<obj> b)
               a.Length = b.Length && Array.forall2 (fun x y -> Assert.AreEqual(x, y)) a b
           | _ -> false

    /// Fails unless two values are equal.
    static member Equal<'T>(expected: 'T, actual: 'T) =
        if not (Assert.AreEqual(expected, actual)) then
            failtest $"Expected: %A{expected}\n  Actual: %A{actual}"

    /// Fails unless two texts are equal; shows where they differ.
    static member Equal(expected: string, actual: string) = Expect.equal actual expected "The texts differ."

    /// Fails unless two sequences have equal elements.
    static member Equal<'T>(expected: seq<'T>, actual: seq<'T>) =
        if not (Assert.AreEqual(Array.ofSeq expected, Array.ofSeq actual)) then
            failtest $"Expected: %A{expected}\n  Actual: %A{actual}"

    /// Fails unless |actual − expected| ≤ tolerance.
    static member Equal(expected: float, actual: float, tolerance: float) =
        if not (abs (actual - expected) <= tolerance) then
            failtest $"Expected: {expected:R} ± {tolerance}\n  Actual: {actual:R}"

    /// Fails if two values are equal.
    static member NotEqual<'T>(unexpected: 'T, actual: 'T) =
        if Assert.AreEqual(unexpected, actual) then
            failtest $"Both are %A{actual}"

    /// Fails unless two references are of the same object.
    static member Same<'T when 'T: not struct>(expected: 'T, actual: 'T) =
        if not (Object.ReferenceEquals(expected, actual)) then
            failtest "The objects are not the same."

    /// Fails unless low ≤ actual ≤ high.
    static member InRange<'T when 'T: comparison>(actual: 'T, low: 'T, high: 'T) =
        if not (low <= actual && actual <= high) then
            failtest $"%A{actual} is not between %A{low} and %A{high}"

    /// Fails unless a text holds another.
    static member Contains(part: string, text: string) =
        if isNull text || not (text.Contains(part, StringComparison.Ordinal)) then
            failtest $"This text should contain \"{part}\":\n{text}"

    /// Fails unless an element of a sequence equals a value.
    static member Contains<'T>(element: 'T, elements: seq<'T>) =
        if not (elements |> Seq.exists (fun each -> Assert.AreEqual(element, each))) then
            failtest $"%A{element} is not in %A{List.ofSeq elements}"

    /// Fails unless a predicate holds for an element of a sequence.
    static member Contains<'T>(elements: seq<'T>, predicate: Predicate<'T>) =
        if not (elements |> Seq.exists predicate.Invoke) then
            failtest $"No element is as wanted: %A{List.ofSeq elements}"

    /// Fails if a text holds another.
    static member DoesNotContain(part: string, text: string) =
        if text.Contains(part, StringComparison.Ordinal) then
            failtest $"This text should not contain \"{part}\":\n{text}"

    /// Fails if an element of a sequence equals a value.
    static member DoesNotContain<'T>(element: 'T, elements: seq<'T>) =
        if elements |> Seq.exists (fun each -> Assert.AreEqual(element, each)) then
            failtest $"%A{element} is in %A{List.ofSeq elements}"

    /// Fails if a predicate holds for an element of a sequence.
    static member DoesNotContain<'T>(elements: seq<'T>, predicate: Predicate<'T>) =
        match elements |> Seq.tryFind predicate.Invoke with
        | Some element -> failtest $"There should be no element like %A{element}"
        | None -> ()

    /// Fails unless a text begins with another.
    static member StartsWith(start: string, text: string) =
        if isNull text || not (text.StartsWith(start, StringComparison.Ordinal)) then
            failtest $"This text should start with \"{start}\":\n{text}"

    /// Fails unless a text ends with another.
    static member EndsWith(ending: string, text: string) =
        if isNull text || not (text.EndsWith(ending, StringComparison.Ordinal)) then
            failtest $"This text should end with \"{ending}\":\n{text}"

    /// Fails unless a regular expression matches a text somewhere.
    static member Matches(pattern: string, text: string) =
        if not (Regex.IsMatch(text, pattern)) then
            failtest $"This text should match {pattern}:\n{text}"

    /// Fails if a regular expression matches a text somewhere.
    static member DoesNotMatch(pattern: string, text: string) =
        if Regex.IsMatch(text, pattern) then
            failtest $"This text should not match {pattern}:\n{text}"

    /// Fails unless a sequence has no element.
    static member Empty(elements: IEnumerable) =
        let elements = List.ofSeq (Seq.cast<obj> elements)

        if not elements.IsEmpty then
            failtest $"There should be no elements, but there are %A{elements}"

    /// Fails if a sequence has no element.
    static member NotEmpty(elements: IEnumerable) =
        if Seq.isEmpty (Seq.cast<obj> elements) then
            failtest "There are no elements."

    /// Fails unless a sequence has exactly one element; returns it.
    static member Single<'T>(elements: seq<'T>) : 'T =
        match List.ofSeq elements with
        | [ element ] -> element
        | several -> failtest $"There should be one element, but there are {several.Length}: %A{several}"

    /// Fails unless a predicate holds for exactly one element of a sequence; returns it.
    static member Single<'T>(elements: seq<'T>, predicate: Predicate<'T>) : 'T =
        Assert.Single(Seq.filter predicate.Invoke elements)

    /// Runs a check on every element; a failure tells which element failed.
    static member All<'T>(elements: seq<'T>, check: Action<'T>) =
        elements
        |> Seq.iteri (fun i element ->
            try
                check.Invoke element
            with :? AssertException as failure ->
                failtest $"Element {i}, %A{element}: {failure.Message}")

    /// Fails unless an action throws an exception of exactly this type; returns the exception.
    static member Throws<'E when 'E :> exn>(action: Action) : 'E =
        let thrown = Assert.ThrowsAny<'E> action

        if thrown.GetType() <> typeof<'E> then
            failtest $"Expected {typeof<'E>.Name}, but {thrown.GetType().Name} was thrown: {thrown.Message}"

        thrown

    /// Fails unless an action throws an exception of this type or one derived from it; returns the exception.
    static member ThrowsAny<'E when 'E :> exn>(action: Action) : 'E =
        let thrown =
            try
                action.Invoke()
                None
            with error ->
                Some error

        match thrown with
        | Some(:? 'E as error) -> error
        | Some other -> failtest $"Expected {typeof<'E>.Name}, but {other.GetType().Name} was thrown: {other.Message}"
        | None -> failtest $"Expected {typeof<'E>.Name}, but nothing was thrown."
