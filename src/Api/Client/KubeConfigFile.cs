using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Dataplane.Api.Client;

/// <summary>Reads the kubeconfig format (client-go clientcmd/api/v1). Every complaint names the file and the field's path.</summary>
internal sealed class KubeConfigFile
{
    private readonly string _path;
    private readonly YamlMappingNode _root;

    private KubeConfigFile(string path, YamlMappingNode root)
    {
        _path = path;
        _root = root;
    }

    public static KubeConfig Load(string path, string? context)
    {
        var file = new KubeConfigFile(path, ReadYaml(path));
        var contextName = context ?? file.Text(file._root, "", "current-context") ?? throw file.Error("current-context", "missing");
        var (contextNode, contextPath) = file.Named("contexts", "context", contextName);
        var (cluster, clusterPath) = file.Named("clusters", "cluster", file.Required(contextNode, contextPath, "cluster"));
        var userName = file.Text(contextNode, contextPath, "user");
        var (user, userPath) = userName is null ? (new YamlMappingNode(), "users") : file.Named("users", "user", userName);

        foreach (var unsupported in (string[])["exec", "auth-provider", "username", "password", "as"])
        {
            if (user.Children.ContainsKey(unsupported))
            {
                throw file.Error($"{userPath}.{unsupported}", "this way of signing in is not supported; use a token or a client certificate");
            }
        }

        return new KubeConfig
        {
            Server = file.Server(cluster, clusterPath),
            CertificateAuthorities = file.Authorities(cluster, clusterPath),
            SkipTlsVerify = file.Flag(cluster, clusterPath, "insecure-skip-tls-verify"),
            TlsServerName = file.Text(cluster, clusterPath, "tls-server-name"),
            ClientCertificate = file.ClientCertificate(user, userPath),
            Token = file.Text(user, userPath, "token"),
            TokenFile = file.Text(user, userPath, "tokenFile") is { } tokenFile ? file.Resolve(tokenFile) : null,
            Namespace = file.Text(contextNode, contextPath, "namespace") ?? "default",
        };
    }

    private static YamlMappingNode ReadYaml(string path)
    {
        try
        {
            using var reader = File.OpenText(path);
            var stream = new YamlStream();
            stream.Load(reader);
            return stream.Documents.Count > 0 && stream.Documents[0].RootNode is YamlMappingNode root
                ? root
                : throw new KubeConfigException($"kubeconfig {path}: not a YAML mapping");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new KubeConfigException($"kubeconfig {path}: {error.Message}", error);
        }
        catch (YamlException error)
        {
            throw new KubeConfigException($"kubeconfig {path}: line {error.Start.Line}: not YAML: {error.Message}", error);
        }
    }

    private Uri Server(YamlMappingNode cluster, string path)
    {
        var text = Required(cluster, path, "server");
        return Uri.TryCreate(text.EndsWith('/') ? text : text + "/", UriKind.Absolute, out var server) && server.Scheme is "https" or "http"
            ? server
            : throw Error($"{path}.server", $"\"{text}\" is not an http or https address");
    }

    private X509Certificate2Collection? Authorities(YamlMappingNode cluster, string path)
    {
        if (Pem(cluster, path, "certificate-authority") is not var (pem, field))
        {
            return null;
        }

        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPem(pem);
        }
        catch (CryptographicException error)
        {
            throw Error(field, $"not a PEM certificate: {error.Message}");
        }

        return authorities.Count > 0 ? authorities : throw Error(field, "holds no PEM certificate");
    }

    private X509Certificate2? ClientCertificate(YamlMappingNode user, string path)
    {
        var certificate = Pem(user, path, "client-certificate");
        var key = Pem(user, path, "client-key");
        if (certificate is null && key is null)
        {
            return null;
        }

        if (certificate is not var (certificatePem, certificateField))
        {
            throw Error($"{path}.client-certificate", "missing beside the client key");
        }

        if (key is not var (keyPem, _))
        {
            throw Error($"{path}.client-key", "missing beside the client certificate");
        }

        try
        {
            return X509Certificate2.CreateFromPem(certificatePem, keyPem);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw Error(certificateField, $"certificate and key are not a usable PEM pair: {error.Message}");
        }
    }

    /// <summary>PEM text given inline (<c>NAME-data</c>, base64, which wins) or by file, and the field it came from.</summary>
    private (string Pem, string Field)? Pem(YamlMappingNode node, string path, string name)
    {
        var dataField = $"{path}.{name}-data";
        if (Text(node, path, $"{name}-data") is { } data)
        {
            try
            {
                return (Encoding.UTF8.GetString(Convert.FromBase64String(data)), dataField);
            }
            catch (FormatException)
            {
                throw Error(dataField, "not base64");
            }
        }

        if (Text(node, path, name) is not { } file)
        {
            return null;
        }

        try
        {
            return (File.ReadAllText(Resolve(file)), $"{path}.{name}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Error($"{path}.{name}", error.Message);
        }
    }

    private (YamlMappingNode Node, string Path) Named(string list, string member, string name)
    {
        if (_root.Children.TryGetValue(list, out var value) && value is YamlSequenceNode entries)
        {
            for (var i = 0; i < entries.Children.Count; i++)
            {
                if (entries.Children[i] is YamlMappingNode entry && Text(entry, $"{list}[{i}]", "name") == name)
                {
                    return entry.Children.TryGetValue(member, out var node) && node is YamlMappingNode mapping
                        ? (mapping, $"{list}[{i}].{member}")
                        : throw Error($"{list}[{i}].{member}", "missing");
                }
            }
        }

        throw Error(list, $"none is named \"{name}\"");
    }

    private bool Flag(YamlMappingNode node, string path, string name) => Text(node, path, name) switch
    {
        null or "false" => false,
        "true" => true,
        var other => throw Error($"{path}.{name}", $"\"{other}\" is neither true nor false"),
    };

    private string Required(YamlMappingNode node, string path, string name) =>
        Text(node, path, name) ?? throw Error($"{path}.{name}", "missing");

    private string? Text(YamlMappingNode node, string path, string name)
    {
        if (!node.Children.TryGetValue(name, out var value))
        {
            return null;
        }

        return value is YamlScalarNode { Value: var text }
            ? string.IsNullOrEmpty(text) || text == "null" ? null : text
            : throw Error(path.Length == 0 ? name : $"{path}.{name}", "must be text");
    }

    /// <summary>Relative files are relative to the kubeconfig.</summary>
    private string Resolve(string file) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(_path)) ?? "", file);

    private KubeConfigException Error(string field, string problem) => new($"kubeconfig {_path}: {field}: {problem}");
}
