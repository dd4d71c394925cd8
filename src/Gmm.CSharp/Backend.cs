using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>Where and how a fit computes its E-steps. It does not change; any number of models may share one.</summary>
/// <remarks>
/// <see cref="TorchCpu"/> and <see cref="Cuda"/> need libtorch and the library gmm_torch, which
/// <c>dotnet fsi build.fsx torch</c> builds in the sources of Gmm. If a backend is unavailable, <c>Fit</c> throws an
/// <see cref="ArgumentException"/> before its first iteration; the message says what is missing.
/// </remarks>
/// <example>
/// <code>
/// var model = new GaussianMixture(components: 3) { Backend = Backend.Auto }.Fit(data);
/// </code>
/// </example>
public sealed class Backend
{
    private Backend(Core.Backend value) => Value = value;

    /// <summary>The library's own vectorised code, which needs nothing else: the default.</summary>
    public static Backend Kernels { get; } = new(Core.Kernel.backend);

    /// <summary>
    /// The equations of the textbook on the managed reference engine: slow, for checking the other backends.
    /// </summary>
    public static Backend Textbook { get; } = new(Core.Textbook.backend(Reference.engine));

    /// <summary>libtorch on the processor.</summary>
    public static Backend TorchCpu { get; } = new(Core.Torch.backend(TorchDevice.Cpu));

    /// <summary>
    /// The first CUDA device if libtorch finds one, otherwise <see cref="Kernels"/>; looked up on every call.
    /// </summary>
    public static Backend Auto => Parse("auto");

    /// <summary>The name, such as <c>kernels</c> or <c>cuda:0</c>.</summary>
    public string Name => Value.Name;

    internal Core.Backend Value { get; }

    /// <summary>Returns libtorch on a CUDA device.</summary>
    /// <param name="device">The number of the device, counting from 0.</param>
    /// <returns>The backend.</returns>
    public static Backend Cuda(int device = 0) => new(Core.Torch.backend(TorchDevice.NewCuda(device)));

    /// <summary>Returns the backend that a configuration or a command line names.</summary>
    /// <param name="name">cpu (<see cref="Kernels"/>), torch:cpu, cuda, cuda:1 (or another number) or auto.</param>
    /// <returns>The backend.</returns>
    /// <exception cref="ArgumentException">The name is none of these.</exception>
    public static Backend Parse(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return new(Core.Torch.backendOf(name).Get((nameof(Backend), nameof(name))));
    }

    /// <summary>Wraps a backend that another assembly implements.</summary>
    /// <param name="backend">An implementation of the interface <c>Gmm.Backend</c> of Gmm.FSharp.</param>
    /// <returns>The backend.</returns>
    public static Backend Of(Core.Backend backend)
    {
        ArgumentNullException.ThrowIfNull(backend);
        return new(backend);
    }

    /// <summary>Returns the name.</summary>
    /// <returns>The name.</returns>
    public override string ToString() => Name;
}
