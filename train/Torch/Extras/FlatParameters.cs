using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OfflineRL.Torch;

/// <summary>
/// Re-homes parameters as views into one flat tensor, and their gradients as views into another, so that an optimizer, a
/// target update or a gradient norm is one operation. The parameters stay what they were for modules and autograd. Made
/// after the module is on its device; moving the module afterwards, or setting gradients to null, leaves the flat tensors
/// behind (<see cref="FlatAdam.Step"/> refuses then).
/// </summary>
/// <remarks>
/// In-place work on <see cref="Values"/> does not raise the version of the parameters, so autograd cannot tell that a graph
/// recorded before is stale: call backward before the update, as training does.
/// </remarks>
public sealed class FlatParameters : IDisposable
{
    readonly Parameter[] _parameters;

    /// <param name="parameters">Distinct floating-point parameters of one type on one device.</param>
    /// <exception cref="ArgumentException">None are given, or they differ in type or device.</exception>
    public FlatParameters(IEnumerable<Parameter> parameters)
    {
        _parameters = parameters.ToArray();
        if (_parameters.Length == 0) throw new ArgumentException("FlatParameters: no parameters given.", nameof(parameters));
        var (dtype, device) = (_parameters[0].dtype, _parameters[0].device);
        if (_parameters.FirstOrDefault(p => p.dtype != dtype || p.device.ToString() != device.ToString()) is { } other)
        {
            throw new ArgumentException($"FlatParameters: all must be {dtype} on {device}; one is {other.dtype} on {other.device}.", nameof(parameters));
        }
        using var quiet = no_grad();
        using var scope = NewDisposeScope();
        var count = _parameters.Sum(p => p.numel());
        Values = empty(count, dtype, device).DetachFromDisposeScope();
        Gradients = zeros(count, dtype, device).DetachFromDisposeScope();
        var offset = 0L;
        foreach (var parameter in _parameters)
        {
            var length = parameter.numel();
            var home = Values.narrow(0, offset, length).view(parameter.shape);
            home.copy_(parameter);
            var gradient = Gradients.narrow(0, offset, length).view(parameter.shape);
            if (parameter.grad is { } before) gradient.copy_(before);
            parameter.set_(home);
            parameter.grad = gradient;
            offset += length;
        }
    }

    /// <summary>Of all parameters of a module, in the order of its <c>parameters()</c>.</summary>
    public FlatParameters(nn.Module module) : this(module.parameters())
    {
    }

    /// <summary>Every parameter, one after another [N].</summary>
    public Tensor Values { get; }

    /// <summary>Every gradient, in the order of <see cref="Values"/> [N].</summary>
    public Tensor Gradients { get; }

    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>Zeroes all gradients in place. Use it instead of a module's zero_grad, which drops them.</summary>
    public void ZeroGrad()
    {
        using var quiet = no_grad();
        using var alias = Gradients.zero_();
    }

    /// <summary>Becomes a copy of the other's values: a hard target update.</summary>
    public void CopyFrom(FlatParameters other)
    {
        using var quiet = no_grad();
        using var alias = Values.copy_(other.Values);
    }

    /// <summary>values = (1 - tau) values + tau other: a soft target update.</summary>
    /// <param name="other">The online parameters.</param>
    /// <param name="tau">In [0, 1].</param>
    public void SoftUpdateFrom(FlatParameters other, double tau)
    {
        using var quiet = no_grad();
        using var shrunk = Values.mul_(1 - tau);
        using var moved = Values.add_(other.Values, alpha: tau);
    }

    /// <summary>The joint 2-norm of all gradients, as a scalar on the device: nothing waits for it.</summary>
    public Tensor GradientNorm()
    {
        using var quiet = no_grad();
        return Gradients.norm();
    }

    /// <summary>Whether every parameter and its gradient still lie in the flat tensors.</summary>
    internal bool IsIntact()
    {
        var offset = Values.storage_offset();
        foreach (var parameter in _parameters)
        {
            using var gradient = parameter.grad;
            if (gradient is null || gradient.storage_offset() != offset || parameter.storage_offset() != offset) return false;
            if (!TorchExtras.SharesStorage(gradient, Gradients) || !TorchExtras.SharesStorage(parameter, Values)) return false;
            offset += parameter.numel();
        }
        return true;
    }

    /// <summary>Lets go of the flat tensors; the parameters keep the storage alive as long as they live.</summary>
    public void Dispose()
    {
        Values.Dispose();
        Gradients.Dispose();
    }
}
