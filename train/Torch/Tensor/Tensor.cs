using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>
    /// A counted reference to a libtorch tensor. Lifetime as in TorchSharp: it belongs to the dispose scope it was made
    /// in, disposing twice is fine, touching it afterwards throws, and the finalizer is the safety net.
    /// </summary>
    public partial class Tensor : IDisposable
    {
        internal IntPtr handle;
        long _ownedBytes;
        static long _totalCount;
        static long _peakCount;

        /// <param name="handle">A reference that this object takes over.</param>
        /// <param name="ownedBytes">Bytes of storage that die with it; 0 for a view.</param>
        /// <param name="register">Whether the current dispose scope takes it.</param>
        internal Tensor(IntPtr handle, long ownedBytes = 0, bool register = true)
        {
            this.handle = handle;
            _ownedBytes = ownedBytes;
            var total = Interlocked.Increment(ref _totalCount);
            if (total > _peakCount) _peakCount = total;
            NativeMemory.Add(ownedBytes);
            if (register) OwningDisposeScope = DisposeScopeManager.ThreadSingleton.RegisterOnCurrentDisposeScope(this);
        }

        ~Tensor() => Dispose(false);

        /// <summary>Live tensor objects of the process.</summary>
        public static long TotalCount => Interlocked.Read(ref _totalCount);

        /// <summary>The most that were alive at once.</summary>
        public static long PeakCount => _peakCount;

        internal DisposeScope? OwningDisposeScope { get; set; }

        public string? name { get; set; }

        /// <summary>The native reference, owned by this object.</summary>
        /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
        public IntPtr Handle
        {
            get
            {
                if (handle == IntPtr.Zero) TorchThrow.Disposed();
                return handle;
            }
        }

        public bool IsInvalid => handle == IntPtr.Zero;

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            var released = Interlocked.Exchange(ref handle, IntPtr.Zero);
            if (released == IntPtr.Zero) return;
            // A finalizer runs on a thread that owns no scope, and what kept the tensor in one would have kept it alive.
            if (disposing)
            {
                DisposeScopeManager.ThreadSingleton.DisposingOnCurrentScope(this);
                OwningDisposeScope?.MarkAsDisposed(this);
            }
            Forget();
            NativeMethods.ofl_tensor_free(released);
        }

        /// <summary>Dispose, for the scope that is ending: it forgets the tensor itself.</summary>
        internal void DisposeFromScope()
        {
            var released = Interlocked.Exchange(ref handle, IntPtr.Zero);
            if (released != IntPtr.Zero)
            {
                DisposeScopeManager.ThreadSingleton.DisposingOnCurrentScope(this);
                Forget();
                NativeMethods.ofl_tensor_free(released);
            }
            OwningDisposeScope = null;
            GC.SuppressFinalize(this);
        }

        /// <summary>Hands the reference to a new owner; this object is as good as disposed.</summary>
        internal (IntPtr Handle, long OwnedBytes) MoveHandle()
        {
            var moved = (Handle, _ownedBytes);
            handle = IntPtr.Zero;
            Forget();
            GC.SuppressFinalize(this);
            return moved;
        }

        void Forget()
        {
            Interlocked.Decrement(ref _totalCount);
            NativeMemory.Add(-_ownedBytes);
            _ownedBytes = 0;
        }

        public Tensor MoveToOuterDisposeScope()
        {
            OwningDisposeScope?.MoveToOuter(this);
            return this;
        }

        /// <summary>Takes the tensor out of every scope: from here on the caller disposes of it.</summary>
        public Tensor DetachFromDisposeScope()
        {
            OwningDisposeScope?.Detach(this);
            return this;
        }

        public Tensor MoveToOtherDisposeScope(DisposeScope? other)
        {
            if (OwningDisposeScope is null && other is not null) other.Attach(this);
            else OwningDisposeScope?.MoveToOther(other, this);
            return this;
        }

        public Tensor MoveToOtherDisposeScope(Tensor other) => MoveToOtherDisposeScope(other.OwningDisposeScope);

        /// <summary>Another object for the same tensor, in the current scope.</summary>
        public Tensor alias()
        {
            var other = new Tensor(NativeMethods.Check(NativeMethods.ofl_tensor_alias(Handle), nameof(alias)));
            GC.KeepAlive(this);
            return other;
        }

        public override bool Equals(object? obj) => obj is Tensor other && ReferenceEquals(this, other);

        public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

        public override string ToString() =>
            IsInvalid ? "[disposed]" : $"[{string.Join('x', shape)}], type = {dtype}, device = {device}";
    }

    /// <summary>Opens a dispose scope on this thread: tensors made until it ends are disposed of with it.</summary>
    public static DisposeScope NewDisposeScope() => DisposeScopeManager.ThreadSingleton.NewDisposeScope();
}
