using System.Reflection;
using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>
        /// Parameters, buffers and submodules under names, which are those of the fields that hold them. A constructor ends
        /// with <see cref="RegisterComponents"/>, or registers each by hand.
        /// </summary>
        public class Module : IDisposable
        {
            readonly string _name;
            readonly Dictionary<string, Module> _submodules = [];
            readonly Dictionary<string, (Tensor Tensor, bool Persistent)> _buffers = [];
            readonly Dictionary<string, Parameter> _parameters = [];
            readonly List<string> _order = [];
            bool _registered;

            protected Module(string name) => _name = name;

            public virtual bool training { get; private set; } = true;

            public virtual string GetName() => _name;

            public virtual void train(bool train = true)
            {
                training = train;
                foreach (var child in children()) child.train(train);
            }

            public virtual void eval() => train(false);

            public virtual Module apply(Action<Module> fn)
            {
                foreach (var child in children()) child.apply(fn);
                fn(this);
                return this;
            }

            public virtual void zero_grad(bool set_to_none = true)
            {
                foreach (var parameter in parameters())
                {
                    using var grad = parameter.grad;
                    if (grad is null) continue;
                    if (set_to_none) parameter.grad = null;
                    else Ops.Zero.Run(grad);
                }
            }

            public virtual IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true) =>
                Walk(recurse, "", module => module._order.Where(module._parameters.ContainsKey).Select(key => (key, module._parameters[key])));

            public virtual IEnumerable<Parameter> parameters(bool recurse = true) => named_parameters(recurse).Select(p => p.parameter);

            public virtual Parameter? get_parameter(string target) => named_parameters().FirstOrDefault(p => p.name == target).parameter;

            public virtual Tensor? get_buffer(string target) => named_buffers().FirstOrDefault(b => b.name == target).buffer;

            public virtual IEnumerable<(string name, Tensor buffer)> named_buffers(bool recurse = true, bool include_nonpersistent = true) =>
                Walk(recurse, "", module => module._order.Where(key => module._buffers.TryGetValue(key, out var b) && (include_nonpersistent || b.Persistent))
                    .Select(key => (key, module._buffers[key].Tensor)));

            public virtual IEnumerable<Tensor> buffers(bool recurse = true, bool include_nonpersistent = true) =>
                named_buffers(recurse, include_nonpersistent).Select(b => b.buffer);

            // Own items first, then those of the submodules under their names; each object once, as where weights are tied.
            List<(string, T)> Walk<T>(bool recurse, string prefix, Func<Module, IEnumerable<(string, T)>> own) where T : class
            {
                var seen = new HashSet<T>(ReferenceEqualityComparer.Instance);
                var all = own(this).Select(item => (prefix + item.Item1, item.Item2));
                if (recurse) all = all.Concat(named_children().SelectMany(c => c.module.Walk(true, $"{prefix}{c.name}.", own)));
                return all.Where(item => seen.Add(item.Item2)).ToList();
            }

            public virtual IEnumerable<(string name, Module module)> named_children() => _order.Where(_submodules.ContainsKey).Select(key => (key, _submodules[key]));

            public virtual IEnumerable<Module> children() => named_children().Select(c => c.module);

            public virtual IEnumerable<(string name, Module module)> named_modules() =>
                named_children().Concat(named_children().SelectMany(c => c.module.named_modules().Select(m => ($"{c.name}.{m.name}", m.module))));

            public virtual IEnumerable<Module> modules() => named_modules().Select(m => m.module);

            /// <summary>The live parameters and persistent buffers by name: copying is the caller's choice.</summary>
            public virtual Dictionary<string, Tensor> state_dict(Dictionary<string, Tensor>? destination = null, string? prefix = null)
            {
                destination ??= [];
                var head = string.IsNullOrEmpty(prefix) ? "" : prefix + ".";
                foreach (var (key, parameter) in named_parameters()) destination.TryAdd(head + key, parameter);
                foreach (var (key, buffer) in named_buffers(include_nonpersistent: false)) destination.TryAdd(head + key, buffer);
                return destination;
            }

            /// <summary>Copies into the live tensors, in place.</summary>
            /// <exception cref="InvalidOperationException">strict, and the names are not the same.</exception>
            public virtual (IList<string> missing_keys, IList<string> unexpected_keyes) load_state_dict(Dictionary<string, Tensor> source, bool strict = true, IList<string>? skip = null)
            {
                var destination = state_dict();
                var missing = destination.Keys.Where(key => !source.ContainsKey(key) && skip?.Contains(key) != true).ToList();
                var unexpected = source.Keys.Where(key => !destination.ContainsKey(key) && skip?.Contains(key) != true).ToList();
                if (strict && missing.Count + unexpected.Count > 0)
                {
                    throw new InvalidOperationException(
                        $"load_state_dict: {GetName()} lacks [{string.Join(", ", missing)}] in the source and has no [{string.Join(", ", unexpected)}].");
                }
                using var quiet = no_grad();
                foreach (var (key, value) in source)
                {
                    if (skip?.Contains(key) != true && destination.TryGetValue(key, out var target)) Ops.Copy.Run(target, value);
                }
                return (missing, unexpected);
            }

            public virtual void register_parameter(string name, Parameter param)
            {
                ArgumentNullException.ThrowIfNull(param);
                Register(name, _parameters, param);
            }

            public virtual void register_buffer(string name, Tensor tensor, bool persistent = true)
            {
                ArgumentNullException.ThrowIfNull(tensor);
                Register(name, _buffers, (tensor, persistent));
            }

            public virtual void register_module(string name, Module submodule)
            {
                if (string.IsNullOrEmpty(name) || name.Contains('.', StringComparison.Ordinal))
                {
                    throw new ArgumentException($"'{name}' cannot name a submodule: it must not be empty nor contain a dot.", nameof(name));
                }
                submodule.RegisterComponents();
                Register(name, _submodules, submodule);
            }

            void Register<T>(string key, Dictionary<string, T> items, T item)
            {
                if (!items.TryAdd(key, item)) throw new InvalidOperationException($"'{key}' is already registered in {GetName()}.");
                _order.Add(key);
            }

            /// <summary>Registers what the fields hold: submodules, parameters, and other tensors as buffers.</summary>
            protected virtual void RegisterComponents()
            {
                if (_registered) return;
                foreach (var field in Fields())
                {
                    var value = field.GetValue(this);
                    if (_order.Contains(field.Name) || IsRegistered(value)) continue;
                    switch (value)
                    {
                        case Module module: register_module(field.Name, module); break;
                        case Parameter parameter: register_parameter(field.Name, parameter); break;
                        case Tensor tensor: register_buffer(field.Name, tensor); break;
                    }
                }
                _registered = true;
            }

            // What a constructor registered by hand keeps that name alone.
            bool IsRegistered(object? value) => value switch
            {
                Module module => _submodules.ContainsValue(module),
                Parameter parameter => _parameters.Values.Any(p => ReferenceEquals(p, parameter)),
                Tensor tensor => _buffers.Values.Any(b => ReferenceEquals(b.Tensor, tensor)),
                _ => false,
            };

            IEnumerable<FieldInfo> Fields()
            {
                const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly;
                for (var type = GetType(); type != typeof(Module); type = type.BaseType!)
                {
                    foreach (var field in type.GetFields(All)) yield return field;
                }
            }

            protected internal virtual Module _to(Device? device, ScalarType? dtype, bool non_blocking)
            {
                if (dtype is { } type && !torch.is_floating_point(type))
                {
                    throw new ArgumentException($"a module's type must be floating point; got {type}.", nameof(dtype));
                }
                if (device is not null) InitializeDevice(device);
                foreach (var child in children()) child._to(device, dtype, non_blocking);
                foreach (var (key, parameter) in _parameters.ToArray()) Replace(key, parameter, device, dtype);
                foreach (var (key, (buffer, persistent)) in _buffers.ToArray()) Replace(key, buffer, persistent, device, dtype);
                return this;
            }

            // As in TorchSharp, moving makes new parameters and disposes of the old: an optimizer is made after the move.
            void Replace(string key, Parameter parameter, Device? device, ScalarType? dtype)
            {
                if (Stays(parameter, device, dtype)) return;
                using var quiet = no_grad();
                using var grad = parameter.grad;
                var moved = new Parameter(parameter.to(dtype ?? parameter.dtype, device ?? parameter.device), parameter.requires_grad);
                moved.DetachFromDisposeScope();
                if (grad is not null)
                {
                    using var movedGrad = grad.to(moved.dtype, moved.device);
                    moved.grad = movedGrad;
                }
                _parameters[key] = moved;
                SetField(parameter, moved);
                parameter.Dispose();
            }

            void Replace(string key, Tensor buffer, bool persistent, Device? device, ScalarType? dtype)
            {
                var type = torch.is_floating_point(buffer.dtype) ? dtype : null;
                if (Stays(buffer, device, type)) return;
                var moved = buffer.to(type ?? buffer.dtype, device ?? buffer.device).DetachFromDisposeScope();
                _buffers[key] = (moved, persistent);
                SetField(buffer, moved);
                buffer.Dispose();
            }

            static bool Stays(Tensor tensor, Device? device, ScalarType? dtype) =>
                (dtype is null || dtype == tensor.dtype) && (device is null || tensor.IsOn(device));

            void SetField(Tensor before, Tensor after)
            {
                foreach (var field in Fields())
                {
                    if (typeof(Tensor).IsAssignableFrom(field.FieldType) && ReferenceEquals(field.GetValue(this), before)) field.SetValue(this, after);
                }
            }

            public void Dispose()
            {
                Dispose(true);
                GC.SuppressFinalize(this);
            }

            protected virtual void Dispose(bool disposing)
            {
                if (!disposing) return;
                foreach (var child in children()) child.Dispose();
                foreach (var parameter in _parameters.Values) parameter.Dispose();
                foreach (var (buffer, _) in _buffers.Values) buffer.Dispose();
            }
        }

        public interface IModule<in T, out TResult>
        {
            TResult call(T input1);
        }

        public abstract class Module<T, TResult> : Module, IModule<T, TResult>
        {
            protected Module(string name) : base(name)
            {
            }

            public abstract TResult forward(T input);

            public TResult call(T input) => forward(input);
        }

        public abstract class Module<T1, T2, TResult> : Module
        {
            protected Module(string name) : base(name)
            {
            }

            public abstract TResult forward(T1 input1, T2 input2);

            public TResult call(T1 input1, T2 input2) => forward(input1, input2);
        }
    }
}

/// <summary>Moving a module to a device or type returns it under its own type.</summary>
public static class ModuleExtensionMethods
{
    public static T to<T>(this T module, torch.Device device, bool non_blocking = false) where T : torch.nn.Module => (T)module._to(device, null, non_blocking);

    public static T to<T>(this T module, torch.ScalarType type, bool non_blocking = false) where T : torch.nn.Module => (T)module._to(null, type, non_blocking);

    public static T to<T>(this T module, torch.Device device, torch.ScalarType type, bool non_blocking = false) where T : torch.nn.Module => (T)module._to(device, type, non_blocking);

    public static T cpu<T>(this T module) where T : torch.nn.Module => module.to(torch.CPU);
}
