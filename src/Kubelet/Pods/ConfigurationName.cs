using Dataplane.Api;

namespace Dataplane.Kubelet.Pods;

internal enum ConfigurationKind
{
    ConfigMap,
    Secret,
}

/// <summary>A ConfigMap or a Secret that a pod refers to.</summary>
internal sealed record ConfigurationName(ConfigurationKind Kind, string Namespace, string Name)
{
    /// <summary>All that a pod's volumes and environment refer to, optional or not.</summary>
    internal static IReadOnlySet<ConfigurationName> ReferredTo(Pod pod)
    {
        var found = new HashSet<ConfigurationName>();
        foreach (var volume in pod.Spec.Volumes)
        {
            Add(ConfigurationKind.ConfigMap, volume.ConfigMap?.Name);
            Add(ConfigurationKind.Secret, volume.Secret?.SecretName);
            foreach (var source in volume.Projected?.Sources ?? [])
            {
                Add(ConfigurationKind.ConfigMap, source.ConfigMap?.Name);
                Add(ConfigurationKind.Secret, source.Secret?.Name);
            }
        }

        foreach (var container in PodContainers.Of(pod.Spec))
        {
            foreach (var source in container.EnvFrom)
            {
                Add(ConfigurationKind.ConfigMap, source.ConfigMapRef?.Name);
                Add(ConfigurationKind.Secret, source.SecretRef?.Name);
            }

            foreach (var variable in container.Env)
            {
                Add(ConfigurationKind.ConfigMap, variable.ValueFrom?.ConfigMapKeyRef?.Name);
                Add(ConfigurationKind.Secret, variable.ValueFrom?.SecretKeyRef?.Name);
            }
        }

        return found;

        void Add(ConfigurationKind kind, string? name)
        {
            if (!string.IsNullOrEmpty(name))
            {
                found.Add(new ConfigurationName(kind, pod.Metadata.Namespace, name));
            }
        }
    }
}
