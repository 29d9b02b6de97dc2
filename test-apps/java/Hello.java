// Arguments, properties, environment, standard streams and exit status of a Java program.

import java.nio.charset.Charset;
import java.util.Arrays;

public class Hello {
    public static void main(String[] args) throws Exception {
        System.out.println("hello " + Arrays.toString(args));
        for (String name : new String[] {"os.name", "os.arch", "user.dir", "user.name", "file.separator"}) {
            System.out.println(name + " = " + System.getProperty(name));
        }
        System.out.println("PATH " + System.getenv("PATH"));
        System.out.println("charset " + Charset.defaultCharset());
        System.out.println("end of input " + System.in.read());
        System.out.println("version " + Runtime.version().feature());
        System.exit(42);
    }
}
