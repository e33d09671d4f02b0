using System.Globalization;
using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.Replicas;

namespace Dataplane.ControlPlane.Controllers.StatefulSets;

/// <summary>The identity of a stateful set's pod: its number, and the name, labels, host name and claims that follow from it.</summary>
internal static class StatefulPod
{
    public const string RevisionLabel = "controller-revision-hash";
    public const string NameLabel = "statefulset.kubernetes.io/pod-name";
    public const string IndexLabel = "apps.kubernetes.io/pod-index";

    public static string Name(StatefulSet set, int ordinal) => $"{set.Metadata.Name}-{Number(ordinal)}";

    /// <summary>The number at the end of a pod's name; null when the name is not of this set.</summary>
    public static int? Ordinal(StatefulSet set, Pod pod)
    {
        var (name, prefix) = (pod.Metadata.Name, set.Metadata.Name + "-");
        return name.StartsWith(prefix, StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var ordinal)
                ? ordinal
                : null;
    }

    public static string? Revision(Pod pod) => pod.Metadata.Labels.GetValueOrDefault(RevisionLabel);

    /// <summary>A pod of a template.</summary>
    /// <param name="set">The owner.</param>
    /// <param name="template">The template, of one of the set's revisions.</param>
    /// <param name="revision">That revision's name.</param>
    /// <param name="ordinal">The pod's number.</param>
    public static Pod Of(StatefulSet set, PodTemplateSpec template, string revision, int ordinal)
    {
        var pod = PodWriter.FromTemplate(set, template);
        pod.Metadata = pod.Metadata with { Name = Name(set, ordinal), GenerateName = null };
        pod.Metadata.Labels[RevisionLabel] = revision;
        pod = WithIdentity(set, pod, ordinal);
        return pod with { Spec = pod.Spec with { Hostname = pod.Metadata.Name, Subdomain = set.Spec.ServiceName } };
    }

    public static bool HasIdentity(StatefulSet set, Pod pod, int ordinal) =>
        pod.Metadata.Labels.GetValueOrDefault(NameLabel) == pod.Metadata.Name
        && pod.Metadata.Labels.GetValueOrDefault(IndexLabel) == Number(ordinal)
        && set.Spec.VolumeClaimTemplates.TrueForAll(template => pod.Spec.Volumes.Exists(volume =>
            volume.Name == template.Metadata.Name && volume.PersistentVolumeClaim?.ClaimName == ClaimName(set, template, ordinal)));

    /// <summary>The labels and volumes that make the pod the one of its number.</summary>
    public static Pod WithIdentity(StatefulSet set, Pod pod, int ordinal)
    {
        var labels = new Dictionary<string, string>(pod.Metadata.Labels) { [NameLabel] = pod.Metadata.Name, [IndexLabel] = Number(ordinal) };
        var claims = set.Spec.VolumeClaimTemplates.ConvertAll(template => new Volume
        {
            Name = template.Metadata.Name,
            PersistentVolumeClaim = new PersistentVolumeClaimVolumeSource { ClaimName = ClaimName(set, template, ordinal) },
        });
        // A claim takes the place of a volume of its name.
        var others = pod.Spec.Volumes.Where(volume => !claims.Exists(claim => claim.Name == volume.Name));
        return pod with { Metadata = pod.Metadata with { Labels = labels }, Spec = pod.Spec with { Volumes = [.. claims, .. others] } };
    }

    /// <summary>The claims a pod needs.</summary>
    public static IEnumerable<PersistentVolumeClaim> Claims(StatefulSet set, int ordinal) => set.Spec.VolumeClaimTemplates.Select(template =>
    {
        var labels = new Dictionary<string, string>(template.Metadata.Labels);
        foreach (var (key, value) in set.Spec.Selector.MatchLabels)
        {
            labels[key] = value;
        }

        return template with
        {
            Metadata = new ObjectMeta
            {
                Name = ClaimName(set, template, ordinal),
                Namespace = set.Metadata.Namespace,
                Labels = labels,
                Annotations = template.Metadata.Annotations,
                Finalizers = template.Metadata.Finalizers,
            },
            Status = new PersistentVolumeClaimStatus(),
        };
    });

    private static string ClaimName(StatefulSet set, PersistentVolumeClaim template, int ordinal) => $"{template.Metadata.Name}-{Name(set, ordinal)}";

    private static string Number(int ordinal) => ordinal.ToString(CultureInfo.InvariantCulture);
}
