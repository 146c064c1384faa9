using Tensor = TorchSharp.torch.Tensor;

namespace TorchSharp;

/// <summary>
/// Holds, by strong references, the tensors made on one thread while it is the innermost scope, and disposes of them when
/// it ends. A result leaves by <see cref="MoveToOuter{T}(T)"/> or <see cref="Detach{T}(T)"/>.
/// </summary>
public sealed class DisposeScope : IDisposable
{
    readonly HashSet<IDisposable> _disposables = new(ReferenceEqualityComparer.Instance);
    DisposeScopeManager? _manager;

    internal DisposeScope(DisposeScopeManager manager)
    {
        _manager = manager;
        OuterScope = manager.CurrentDisposeScope;
    }

    internal DisposeScope? OuterScope { get; set; }

    public int DisposablesCount => Alive()._disposables.Count;

    DisposeScope Alive() => _manager is null ? throw new ObjectDisposedException(nameof(DisposeScope)) : this;

    public bool Contains(IDisposable disposable) => _disposables.Contains(disposable);

    public T MoveToOuter<T>(T disposable) where T : IDisposable => MoveToOther(OuterScope, disposable);

    public (T1 first, T2 second) MoveToOuter<T1, T2>(T1 first, T2 second) where T1 : IDisposable where T2 : IDisposable =>
        (MoveToOuter(first), MoveToOuter(second));

    public (T1 first, T2 second, T3 third) MoveToOuter<T1, T2, T3>(T1 first, T2 second, T3 third)
        where T1 : IDisposable where T2 : IDisposable where T3 : IDisposable =>
        (MoveToOuter(first), MoveToOuter(second), MoveToOuter(third));

    public void MoveToOuter(IEnumerable<IDisposable> disposables)
    {
        foreach (var disposable in disposables) MoveToOther(OuterScope, disposable);
    }

    public T MoveToOther<T>(DisposeScope? scope, T disposable) where T : IDisposable
    {
        Alive();
        if (scope is null) return Detach(disposable);
        if (_disposables.Contains(disposable)) Own(scope, disposable);
        return disposable;
    }

    public T Detach<T>(T disposable) where T : IDisposable
    {
        if (Alive()._disposables.Remove(disposable) && disposable is Tensor tensor)
        {
            _manager!.StatisticsInstance.TensorStatistics.DetachedFromScopeCount++;
            tensor.OwningDisposeScope = null;
        }
        return disposable;
    }

    public void Detach(params IDisposable[] disposables) => Detach((IEnumerable<IDisposable>)disposables);

    public void Detach(IEnumerable<IDisposable> disposables)
    {
        foreach (var disposable in disposables) Detach<IDisposable>(disposable);
    }

    public void Attach(IDisposable disposable)
    {
        if (Own(Alive(), disposable)) _manager!.StatisticsInstance.TensorStatistics.AttachedToScopeCount++;
    }

    /// <summary>Puts one tensor in another's place, in whatever scope holds it.</summary>
    internal static void ReplaceWith(DisposeScope scope, Tensor original, Tensor replacement)
    {
        if (!scope._disposables.Remove(original)) return;
        original.OwningDisposeScope = null;
        Own(scope, replacement);
    }

    internal void Add(IDisposable disposable) => _disposables.Add(disposable);

    /// <summary>Whether the scope did not hold it already.</summary>
    static bool Own(DisposeScope scope, IDisposable disposable)
    {
        var tensor = disposable as Tensor ?? throw new InvalidOperationException("A DisposeScope manages tensors only.");
        var before = tensor.OwningDisposeScope;
        if (ReferenceEquals(before, scope)) return false;
        scope._disposables.Add(tensor);
        before?._disposables.Remove(tensor);
        tensor.OwningDisposeScope = scope;
        return true;
    }

    public T DisposeEverythingBut<T>(T keep) where T : IDisposable
    {
        DisposeEverythingBut([keep]);
        return keep;
    }

    public void DisposeEverythingBut(IEnumerable<IDisposable> inKeep)
    {
        var kept = inKeep.ToHashSet<IDisposable>(ReferenceEqualityComparer.Instance);
        foreach (var disposable in Alive()._disposables.ToArray())
        {
            if (!kept.Contains(disposable)) disposable.Dispose();
        }
    }

    public void Dispose()
    {
        if (_manager is null) return;
        foreach (var disposable in _disposables)
        {
            if (disposable is Tensor tensor) tensor.DisposeFromScope();
        }
        _disposables.Clear();
        _manager.RemoveDisposeScope(this);
        _manager = null;
    }

    public void MarkAsDisposed(IDisposable disposable)
    {
        Alive()._disposables.Remove(disposable);
        if (disposable is Tensor tensor) tensor.OwningDisposeScope = null;
    }
}
