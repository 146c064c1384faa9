using System.Globalization;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp
{
    namespace Modules
    {
        /// <summary>Modules one after another, named by position unless a name is given.</summary>
        public class Sequential : nn.Module<Tensor, Tensor>
        {
            readonly List<nn.Module<Tensor, Tensor>> _modules = [];

            internal Sequential(IEnumerable<(string name, nn.Module<Tensor, Tensor> module)> modules) : base(nameof(Sequential))
            {
                foreach (var (name, module) in modules) append(name, module);
            }

            public int Count => _modules.Count;

            public nn.IModule<Tensor, Tensor> this[int index] => _modules[index];

            public Sequential append(string name, nn.IModule<Tensor, Tensor> module)
            {
                var member = (nn.Module<Tensor, Tensor>)module;
                register_module(name, member);
                _modules.Add(member);
                return this;
            }

            public Sequential append(nn.IModule<Tensor, Tensor> module) => append(_modules.Count.ToString(CultureInfo.InvariantCulture), module);

            public override Tensor forward(Tensor tensor)
            {
                var result = tensor;
                foreach (var module in _modules)
                {
                    var next = module.call(result);
                    // Autograd holds what it needs; the layers' own handles would only wait for the scope.
                    if (!ReferenceEquals(result, tensor)) result.Dispose();
                    result = next;
                }
                return ReferenceEquals(result, tensor) ? tensor.alias() : result;
            }
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static Sequential Sequential(params (string name, Module<Tensor, Tensor> submodule)[] modules) => new(modules);

            public static Sequential Sequential(params Module<Tensor, Tensor>[] modules) => Sequential((IEnumerable<Module<Tensor, Tensor>>)modules);

            public static Sequential Sequential(IEnumerable<(string name, Module<Tensor, Tensor> submodule)> modules) => new(modules);

            public static Sequential Sequential(IEnumerable<Module<Tensor, Tensor>> modules) =>
                new(modules.Select((module, k) => (k.ToString(CultureInfo.InvariantCulture), module)));
        }
    }
}
