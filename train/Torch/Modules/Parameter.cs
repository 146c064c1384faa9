namespace TorchSharp
{
    namespace Modules
    {
        /// <summary>A tensor that a module trains. It takes over the tensor it is made from, which is then as good as disposed.</summary>
        public class Parameter : torch.Tensor
        {
            public Parameter(torch.Tensor data, bool requires_grad = true)
                : this(data.with_requires_grad(requires_grad).MoveHandle(), data.OwningDisposeScope, data)
            {
            }

            Parameter((IntPtr Handle, long OwnedBytes) moved, DisposeScope? scope, torch.Tensor original)
                : base(moved.Handle, moved.OwnedBytes, register: false)
            {
                if (scope is not null) DisposeScope.ReplaceWith(scope, original, this);
            }
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.Parameter Parameter(Tensor data, bool requires_grad = true) => new(data, requires_grad);
        }
    }
}
