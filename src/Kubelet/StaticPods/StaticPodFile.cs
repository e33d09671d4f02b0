using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dataplane.Api;
using Dataplane.Kubelet.Pods;

namespace Dataplane.Kubelet.StaticPods;

/// <summary>A manifest on this machine as the pod it stands for. Names, annotations and defaults are upstream's (pkg/kubelet/config/common.go).</summary>
internal static class StaticPodFile
{
    internal const string SourceAnnotation = "kubernetes.io/config.source";
    internal const string HashAnnotation = "kubernetes.io/config.hash";
    internal const string SeenAnnotation = "kubernetes.io/config.seen";
    internal const string MirrorAnnotation = "kubernetes.io/config.mirror";

    /// <summary>The pod of a file: YAML or JSON, one pod. What is in the file, and where, decides its uid.</summary>
    /// <exception cref="FormatException">It is no pod that can run here; the message says why, without the file's name.</exception>
    internal static Pod Parse(string path, byte[] content, string nodeName, DateTimeOffset seen)
    {
        Pod pod;
        try
        {
            pod = ApiJson.Deserialize<Pod>(YamlToJson.Convert(content).Json);
        }
        catch (JsonException malformed)
        {
            throw new FormatException($"couldn't parse as pod: {malformed.Message}");
        }

        if (pod is not { Kind: "Pod", ApiVersion: "v1" })
        {
            throw new FormatException($"invalid pod: apiVersion {pod.ApiVersion}, kind {pod.Kind}");
        }

        if (string.IsNullOrEmpty(pod.Metadata.Name) || pod.Spec.Containers.Count == 0)
        {
            throw new FormatException("invalid pod: metadata.name and spec.containers are required");
        }

        if (ConfigurationName.ReferredTo(pod).FirstOrDefault() is { } referred)
        {
            throw new FormatException($"static pods may not reference {referred.Kind.ToString().ToLowerInvariant()}s: {referred.Name}");
        }

        if (!string.IsNullOrEmpty(pod.Spec.ServiceAccountName) || pod.Spec.Volumes.Exists(volume => volume.PersistentVolumeClaim is not null || volume.Projected is not null))
        {
            throw new FormatException("static pods may not reference serviceaccounts, claims or tokens");
        }

        var uid = Convert.ToHexStringLower(MD5.HashData([.. Encoding.UTF8.GetBytes($"host:{nodeName}file:{path}"), .. content]));
        var (metadata, spec) = (pod.Metadata, pod.Spec);
        return pod with
        {
            Metadata = metadata with
            {
                Name = $"{metadata.Name}-{nodeName.ToLowerInvariant()}",
                Namespace = string.IsNullOrEmpty(metadata.Namespace) ? "default" : metadata.Namespace,
                UID = uid,
                CreationTimestamp = seen,
                Annotations = new Dictionary<string, string>(metadata.Annotations)
                {
                    [SourceAnnotation] = "file",
                    [HashAnnotation] = uid,
                    [SeenAnnotation] = seen.ToString("O"),
                },
            },
            Spec = spec with
            {
                NodeName = nodeName,
                RestartPolicy = spec.RestartPolicy ?? "Always",
                EnableServiceLinks = spec.EnableServiceLinks ?? true,
                Tolerations = [.. spec.Tolerations, new Toleration { Operator = "Exists", Effect = "NoExecute" }],
            },
            Status = new PodStatus { Phase = "Pending" },
        };
    }

    /// <summary>What the server is to show of the pod.</summary>
    /// <param name="pod">The static pod.</param>
    /// <param name="node">The node, which owns the mirror; null while it is not known.</param>
    internal static Pod MirrorOf(Pod pod, Node? node) => pod with
    {
        Metadata = new ObjectMeta
        {
            Name = pod.Metadata.Name,
            Namespace = pod.Metadata.Namespace,
            Labels = pod.Metadata.Labels,
            Annotations = new Dictionary<string, string>(pod.Metadata.Annotations) { [MirrorAnnotation] = pod.Metadata.UID },
            OwnerReferences = node is null
                ? []
                : [new OwnerReference { ApiVersion = "v1", Kind = "Node", Name = node.Metadata.Name, UID = node.Metadata.UID, Controller = true }],
        },
        Status = new PodStatus(),
    };

    /// <summary>Whether a pod of the server's only shows a static pod of some node.</summary>
    internal static bool IsMirror(Pod pod) => pod.Metadata.Annotations.ContainsKey(MirrorAnnotation);
}
