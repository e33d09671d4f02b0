using System.Text;
using Dataplane.Api;

namespace Dataplane.Kubelet.Pods;

/// <summary>
/// A container's environment: Services, then envFrom, then env, each winning over what came before, with <c>$(NAME)</c>
/// referring to what is known so far.
/// </summary>
internal sealed class ContainerEnvironment(ConfigurationSource configuration)
{
    /// <param name="container">The container.</param>
    /// <param name="fields">Of its pod.</param>
    /// <param name="hostname">The pod's.</param>
    /// <param name="services">All that there are.</param>
    /// <param name="skipped">Told, in upstream's words, of keys that make no variable.</param>
    /// <param name="cancellation">Ends the requests.</param>
    /// <exception cref="ConfigurationException">A ConfigMap, Secret, key or field is not there.</exception>
    internal async Task<IReadOnlyList<KeyValuePair<string, string>>> BuildAsync(
        Container container, PodFields fields, string hostname, IEnumerable<Service> services, Action<string> skipped, CancellationToken cancellation)
    {
        var pod = fields.Pod;
        var values = new Dictionary<string, string>(StringComparer.Ordinal) { ["HOSTNAME"] = hostname };
        foreach (var (name, value) in ServiceEnvironment.For(pod, services))
        {
            values[name] = value;
        }

        foreach (var source in container.EnvFrom)
        {
            var invalid = new List<string>();
            foreach (var (key, value) in await AllKeysAsync(source, pod.Metadata.Namespace, cancellation))
            {
                var name = source.Prefix + key;
                if (IsName(name))
                {
                    values[name] = Encoding.UTF8.GetString(value);
                }
                else
                {
                    invalid.Add(name);
                }
            }

            if (invalid.Count > 0)
            {
                var of = source.ConfigMapRef is { } map ? $"configMap {pod.Metadata.Namespace}/{map.Name}" : $"secret {pod.Metadata.Namespace}/{source.SecretRef?.Name}";
                skipped($"Keys [{string.Join(", ", invalid.Order(StringComparer.Ordinal))}] from the EnvFrom {of} were skipped since they are considered invalid environment variable names.");
            }
        }

        foreach (var variable in container.Env)
        {
            var value = variable.ValueFrom is { } from
                ? await ValueAsync(from, container, fields, cancellation)
                : VariableExpansion.Expand(variable.Value ?? "", values);
            if (value is not null)
            {
                values[variable.Name] = value;
            }
        }

        return [.. values];
    }

    /// <summary>Letters, digits, <c>-</c>, <c>_</c> and <c>.</c>, no digit first, and no <c>.</c> or <c>..</c> (IsEnvVarName in apimachinery's validation).</summary>
    private static bool IsName(string name) =>
        name.Length > 0 && !char.IsAsciiDigit(name[0]) && name != "." && !name.StartsWith("..", StringComparison.Ordinal)
        && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.');

    private async Task<IReadOnlyDictionary<string, byte[]>> AllKeysAsync(EnvFromSource source, string ns, CancellationToken cancellation)
    {
        if (source.ConfigMapRef is { } map)
        {
            return await configuration.ConfigMapAsync(ns, map.Name, map.Optional == true, cancellation) ?? new Dictionary<string, byte[]>();
        }

        return source.SecretRef is { } secret
            ? await configuration.SecretAsync(ns, secret.Name, secret.Optional == true, cancellation) ?? new Dictionary<string, byte[]>()
            : new Dictionary<string, byte[]>();
    }

    private async Task<string?> ValueAsync(EnvVarSource source, Container container, PodFields fields, CancellationToken cancellation)
    {
        var ns = fields.Pod.Metadata.Namespace;
        if (source.FieldRef is { } field)
        {
            return fields.Value(field.FieldPath);
        }

        if (source.ConfigMapKeyRef is { } map)
        {
            return Pick(await configuration.ConfigMapAsync(ns, map.Name, map.Optional == true, cancellation), map, $"ConfigMap {ns}/{map.Name}");
        }

        if (source.SecretKeyRef is { } secret)
        {
            return Pick(await configuration.SecretAsync(ns, secret.Name, secret.Optional == true, cancellation), secret, $"Secret {ns}/{secret.Name}");
        }

        return source.ResourceFieldRef is { } resource ? ResourceFields.Value(resource, fields, container) : null;
    }

    private static string? Pick(IReadOnlyDictionary<string, byte[]>? content, KeySelector key, string place) =>
        content is null ? null
        : content.TryGetValue(key.Key, out var value) ? Encoding.UTF8.GetString(value)
        : key.Optional == true ? null
        : throw new ConfigurationException($"couldn't find key {key.Key} in {place}");
}
