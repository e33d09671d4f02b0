using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Security.ServiceAccounts;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Gives a new pod the credentials of its service account: a volume with a token, the cluster's CA and the namespace.</summary>
internal static class PodServiceAccount
{
    private const string MountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
    private const string SuffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>A copy of a static pod: the kubelet made it and gives it what it needs.</summary>
    public static bool IsMirror(JsonObject pod) => pod.At("metadata", "annotations", "kubernetes.io/config.mirror") is not null;

    /// <param name="pod">The pod.</param>
    /// <param name="account">Its service account.</param>
    public static void Apply(JsonObject pod, JsonObject account)
    {
        var spec = pod.Ensure("spec");
        if (!spec.Objects("imagePullSecrets").Any() && account.Array("imagePullSecrets") is { Count: > 0 } secrets)
        {
            spec["imagePullSecrets"] = secrets.DeepClone();
        }

        if (spec.Boolean("automountServiceAccountToken") ?? account.Boolean("automountServiceAccountToken") ?? true)
        {
            Mount(spec);
        }
    }

    /// <exception cref="StatusException">403: the pod's account is not there.</exception>
    public static StatusException Missing(JsonObject pod, string ns, string account) => StatusException.Forbidden(
        "pods", pod.Text("metadata", "name") ?? "", $"error looking up service account {ns}/{account}: serviceaccount \"{account}\" not found");

    private static void Mount(JsonObject spec)
    {
        // A container that mounts something there itself is left alone.
        var containers = spec.Objects("initContainers").Concat(spec.Objects("containers"))
            .Where(container => container.Objects("volumeMounts").All(mount => mount.Text("mountPath")?.TrimEnd('/') != MountPath)).ToList();
        if (containers.Count == 0)
        {
            return;
        }

        var volumes = spec["volumes"] as JsonArray ?? [];
        var name = volumes.OfType<JsonObject>().FirstOrDefault(IsOurs)?.Text("name");
        if (name is null)
        {
            name = "kube-api-access-" + RandomNumberGenerator.GetString(SuffixAlphabet, 5);
            volumes.Add(Volume(name));
            if (volumes.Parent is null)
            {
                spec["volumes"] = volumes;
            }
        }

        foreach (var container in containers)
        {
            var mounts = container["volumeMounts"] as JsonArray ?? [];
            mounts.Add(new JsonObject { ["name"] = name, ["readOnly"] = true, ["mountPath"] = MountPath });
            if (mounts.Parent is null)
            {
                container["volumeMounts"] = mounts;
            }
        }
    }

    private static bool IsOurs(JsonObject volume) =>
        volume.Text("name")?.StartsWith("kube-api-access-", StringComparison.Ordinal) == true
        && volume.Objects("projected", "sources").Any(source => source.Object("serviceAccountToken") is not null);

    private static JsonObject Volume(string name) => new()
    {
        ["name"] = name,
        ["projected"] = new JsonObject
        {
            ["sources"] = new JsonArray(
                new JsonObject
                {
                    ["serviceAccountToken"] = new JsonObject { ["expirationSeconds"] = ServiceAccountTokens.AutomaticSeconds, ["path"] = "token" },
                },
                new JsonObject
                {
                    ["configMap"] = new JsonObject
                    {
                        ["name"] = "kube-root-ca.crt",
                        ["items"] = new JsonArray(new JsonObject { ["key"] = "ca.crt", ["path"] = "ca.crt" }),
                    },
                },
                new JsonObject
                {
                    ["downwardAPI"] = new JsonObject
                    {
                        ["items"] = new JsonArray(new JsonObject
                        {
                            ["path"] = "namespace",
                            ["fieldRef"] = new JsonObject { ["apiVersion"] = "v1", ["fieldPath"] = "metadata.namespace" },
                        }),
                    },
                }),
            ["defaultMode"] = 420L,
        },
    };
}
