namespace Gmm

/// A family of saved fits: its name, and a function that restores it from the settings saved with a fit.
[<AbstractClass>]
type SavedFamily internal (name: string) =
    /// The family's name.
    member _.Name = name
    /// Returns the family with given settings as one that a part of a product can have.
    abstract Part: settings: State -> Result<Family<PartParameters>, GmmError>

/// A family of saved fits with parameters 'θ.
[<Sealed>]
type SavedFamily<'θ>(name: string, ofSettings: State -> Result<Family<'θ>, GmmError>) =
    inherit SavedFamily(name)

    /// Returns the family with given settings. Its prior is read later.
    member _.OfSettings = ofSettings

    override _.Part settings = ofSettings settings |> Result.map Product.part

/// The families of saved fits. `SavedFamily.builtIn` has those of this library. Add your own for `Persist.loadFrom`:
/// `SavedFamily.ofFamily family :: SavedFamily.builtIn`.
module SavedFamily =
    /// Returns a family whose definition doesn't depend on the saved settings.
    let ofFamily (family: Family<'θ>) : SavedFamily = SavedFamily<'θ>(family.Name, fun _ -> Ok family)

    let private ofSettings name (read: State -> Result<ExponentialFamily, GmmError>) : SavedFamily =
        SavedFamily<ExponentialParameters>(name, read >> Result.map ExponentialFamily.components)

    /// The built-in families of this library. Trials and levels are among the settings.
    let builtIn: SavedFamily list =
        [ ofFamily Gaussian.family
          ofFamily Centroid.family
          ofFamily StudentT.family
          for family in
              [ Bernoulli.family
                Poisson.family
                Exponential.family
                Geometric.family
                Gamma.family
                LogNormal.family
                Beta.family ] do
              ofFamily (ExponentialFamily.components family)
          ofFamily NegativeBinomial.family
          ofFamily VonMisesFisher.family
          SavedFamily<NormalWishart> NormalWishart.saved
          SavedFamily<Multinomial>(Multinomial.family.Name, Multinomial.ofSettings)
          ofSettings (Binomial.family 1).Name Binomial.ofSettings
          ofSettings (Categorical.family 1).Name Categorical.ofSettings ]

    let private named (families: SavedFamily list) name : Result<SavedFamily list, GmmError> =
        match families |> List.filter (fun family -> family.Name = name) with
        | [] ->
            let rule =
                match families with
                | [ family ] -> $"\"{family.Name}\", the family requested"
                | _ -> "a built-in one, or given to Persist.loadWith or among the families of Persist.loadFrom"

            Error(InvalidOption("Family", rule, $"\"{name}\""))
        | found -> Ok found

    /// A product of families, whose names are joined in its own.
    let rec private product (families: SavedFamily list) (name: string) : SavedFamily =
        let part settings (i, name) =
            match Product.partNames name with
            | [ _ ] -> named families name |> Result.map List.head
            | _ -> Ok(product families name)
            |> Result.bind _.Part(State.within (Product.partName i) settings)

        let ofSettings settings =
            Product.partNames name |> List.indexed |> GmmError.traverse (part settings) |> Result.map Product.family

        SavedFamily<Product>(name, ofSettings)

    /// Returns the family of a name with given settings, as one that a part of a product can have. Error when no family has
    /// the name.
    let internal ofName
        (families: SavedFamily list)
        (name: string)
        (state: State)
        : Result<Family<PartParameters>, GmmError> =
        let given = families |> List.filter (fun family -> family.Name = name)
        let isLong = name.Length > 2000 || Seq.sumBy (fun c -> if c = '(' then 1 else 0) name > 32

        match given with
        | [] when isLong ->
            Error(InvalidOption("Family", "a name of at most 2000 characters, nested at most 32 deep", "longer"))
        | [] when (Product.partNames name).Length > 1 -> Ok(product families name)
        | [] ->
            let rule = "a built-in one, or given to the machines that have the rows"
            Error(InvalidOption("Family", rule, $"\"{name}\""))
        | found :: _ -> Ok found
        |> Result.bind _.Part(State.within "settings" state)

    /// Returns the family of a saved fit, with parameters 'θ. Error when no family has its name, or when its parameters
    /// have another type.
    let find<'θ> (families: SavedFamily list) (saved: SavedFit) : Result<Family<'θ>, GmmError> =
        let isProduct = saved.State.ContainsKey(Product.partName 0 + ".columns")

        let given = families |> List.filter (fun family -> family.Name = saved.Family && family :? SavedFamily<Product>)

        let ofType (family: SavedFamily) =
            match family with
            | :? SavedFamily<'θ> as family -> Some family
            | _ -> None

        result {
            let! found =
                if isProduct then
                    Ok(given @ [ product families saved.Family ])
                else
                    named families saved.Family

            match List.tryPick ofType found with
            | Some family -> return! family.OfSettings(State.within "settings" saved.State)
            | None ->
                let rule = $"one whose parameters are {typeof<'θ>.Name}, the type requested"
                return! Error(InvalidOption("Family", rule, $"\"{saved.Family}\""))
        }
