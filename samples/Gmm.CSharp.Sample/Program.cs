using Gmm.CSharp;

Console.WriteLine(Facade.Zero());
