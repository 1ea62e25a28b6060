/** Starts Gerrit's init or daemon: the artifacts have no main class that does only this. */
public class Boot {
  public static void main(String[] args) throws Exception {
    String[] rest = java.util.Arrays.copyOfRange(args, 1, args.length);
    int code =
        switch (args[0]) {
          case "init" -> new com.google.gerrit.pgm.Init().main(rest);
          case "daemon" -> new com.google.gerrit.pgm.Daemon().main(rest);
          default -> throw new IllegalArgumentException(args[0]);
        };
    System.exit(code);
  }
}
